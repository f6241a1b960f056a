internal import DequeModule

/// The order in which frames go to the socket: nothing small waits behind the pieces of a large message. A pure value.
///
/// Frames of one lane keep their order. Lanes with several frames take turns; frames without a lane go first.
struct FrameSchedule: Sendable {
    private var ready: Deque<[UInt8]> = []
    private var lanes: [UInt32: Deque<[UInt8]>] = [:]
    /// Lanes with frames, the next first.
    private var turns: Deque<UInt32> = []
    private(set) var bytes = 0

    var isEmpty: Bool { bytes == 0 }

    /// Adds a frame that may overtake messages: `ack`, `opened`, `refused`, `notice`, `ping`, `pong`.
    mutating func append(_ frame: [UInt8]) {
        ready.append(frame)
        bytes += frame.count
    }

    /// Adds frames of a lane in their order: `open`, `data`, `queued`.
    mutating func append(_ frames: [[UInt8]], lane: UInt32) {
        guard !frames.isEmpty else { return }
        if lanes[lane] == nil { turns.append(lane) }
        lanes[lane, default: []].append(contentsOf: frames)
        for frame in frames { bytes += frame.count }
    }

    /// Removes and returns the next frame.
    mutating func next() -> [UInt8]? {
        guard let frame = ready.popFirst() ?? nextOfLanes() else { return nil }
        bytes -= frame.count
        return frame
    }

    private mutating func nextOfLanes() -> [UInt8]? {
        guard let lane = turns.popFirst(), let frame = lanes[lane]?.popFirst() else { return nil }
        if lanes[lane]?.isEmpty == true { lanes[lane] = nil } else { turns.append(lane) }
        return frame
    }
}
