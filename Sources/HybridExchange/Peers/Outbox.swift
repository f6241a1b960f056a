internal import DequeModule

/// The frames of a connection that are not written yet, with limits: a pure value.
///
/// Nothing grows behind a peer that does not read: messages are refused when the queue is full, and so many replies end
/// the connection.
struct Outbox: Sendable {
    /// Limits of the queue, in bytes.
    struct Limits: Sendable, Hashable {
        /// Frames of messages. A larger message fits when the queue is empty.
        var messages = 8 << 20
        /// Frames that reply to the peer. A peer that keeps to its window does not cause as many.
        var replies = 256 << 10
    }

    /// The fate of frames that were handed over.
    enum Outcome: Sendable, Hashable {
        /// They are queued. `mustWake` is true when the writer sleeps.
        case queued(mustWake: Bool)
        /// The queue is full. Nothing of the message is in it.
        case full
        /// The connection closes or has ended.
        case closed
    }

    private let limits: Limits
    private var schedule = FrameSchedule()
    /// The number of frames that go before those of lanes.
    private var replies = 0
    private var replyBytes = 0
    private var isWoken = false
    private var isClosing = false
    private(set) var hasEnded = false
    /// Whether `bye` was taken: nothing follows.
    private(set) var hasSaidBye = false

    init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// The bytes that wait.
    var bytes: Int { schedule.bytes }

    /// Whether the writer has something to write.
    var isEmpty: Bool { schedule.isEmpty && (!isClosing || hasSaidBye) }

    /// Adds the frames of a message in their order.
    mutating func append(_ frames: [[UInt8]], lane: UInt32) -> Outcome {
        guard !isClosing, !hasEnded else { return .closed }
        let size = frames.reduce(0) { $0 + $1.count }
        let waiting = schedule.bytes - replyBytes
        guard waiting == 0 || size <= limits.messages - waiting else { return .full }
        schedule.append(frames, lane: lane)
        return .queued(mustWake: wake())
    }

    /// Adds a frame that may overtake messages.
    mutating func append(_ frame: [UInt8]) -> Outcome {
        guard !isClosing, !hasEnded else { return .closed }
        guard frame.count <= limits.replies - replyBytes else { return .full }
        schedule.append(frame)
        replies += 1
        replyBytes += frame.count
        return .queued(mustWake: wake())
    }

    /// Takes nothing more, and says `bye` behind everything. Returns whether the writer must be woken.
    mutating func close() -> Bool {
        guard !isClosing, !hasEnded else { return false }
        isClosing = true
        return wake()
    }

    /// Drops everything: the connection has ended.
    mutating func end() {
        hasEnded = true
        schedule = FrameSchedule()
        (replies, replyBytes) = (0, 0)
    }

    /// Removes and returns frames of about so many bytes, at least one when there is one. `nil` when there is none; the
    /// writer must be woken for later ones.
    mutating func next(_ size: Int) -> [[UInt8]]? {
        var frames: [[UInt8]] = []
        var sum = 0
        while sum < size, let frame = pop() {
            frames.append(frame)
            sum += frame.count
        }
        if sum < size, isClosing, !hasSaidBye, !hasEnded {
            hasSaidBye = true
            frames.append(PeerFrameEncoder.encode(.bye))
        }
        if frames.isEmpty { isWoken = false }
        return frames.isEmpty ? nil : frames
    }

    private mutating func pop() -> [UInt8]? {
        guard let frame = schedule.next() else { return nil }
        if replies > 0 {
            replies -= 1
            replyBytes -= frame.count
        }
        return frame
    }

    private mutating func wake() -> Bool {
        defer { isWoken = true }
        return !isWoken
    }
}
