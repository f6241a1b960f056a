internal import Synchronization

/// The queue between the senders of a connection and its event loop.
final class PeerQueue: Sendable {
    private struct State {
        var outbox: Outbox
        var lastUsed = ContinuousClock.now
    }

    private let state: Mutex<State>

    init(_ limits: Outbox.Limits) {
        state = Mutex(State(outbox: Outbox(limits)))
    }

    var bytes: Int { state.withLock(\.outbox.bytes) }
    var isEmpty: Bool { state.withLock(\.outbox.isEmpty) }
    var hasSaidBye: Bool { state.withLock(\.outbox.hasSaidBye) }
    var lastUsed: ContinuousClock.Instant { state.withLock(\.lastUsed) }

    /// Adds the frames of a message.
    func append(_ frames: [[UInt8]], lane: UInt32) -> Outbox.Outcome {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.lastUsed = now
            return state.outbox.append(frames, lane: lane)
        }
    }

    /// Adds a frame that may overtake messages.
    func append(_ frame: [UInt8]) -> Outbox.Outcome {
        state.withLock { $0.outbox.append(frame) }
    }

    /// Removes and returns frames of about so many bytes.
    func next(_ size: Int) -> [[UInt8]]? {
        state.withLock { $0.outbox.next(size) }
    }

    /// Messages came.
    func touch(at now: ContinuousClock.Instant) {
        state.withLock { $0.lastUsed = now }
    }

    /// Takes nothing more. Returns whether the writer must be woken.
    func close() -> Bool {
        state.withLock { $0.outbox.close() }
    }

    /// Drops everything.
    func end() {
        state.withLock { $0.outbox.end() }
    }
}
