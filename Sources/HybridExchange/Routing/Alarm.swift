internal import Primitives
internal import Synchronization

/// The alarm of the one task that looks at the clock: it sleeps until something is due.
final class Alarm: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct State {
        /// The time until which the task sleeps; `nil` while it is not known.
        var due: Instant?
        var signal = OneShot<Void>()
    }

    private let state = Mutex(State())

    /// Sleeps until a time, or until ``set(_:)`` or ``ring()`` is called for an earlier one.
    ///
    /// - Parameter next: Returns the time; `nil` to sleep no more. Anything that is set while it runs ends the sleep.
    /// - Returns: `false` when `next` returned `nil`.
    func sleep(until next: () -> Instant?) async -> Bool {
        let signal = OneShot<Void>()
        state.withLock { $0 = State(due: nil, signal: signal) }
        guard let time = next() else { return false }
        state.withLock { $0.due = time }
        _ = await signal.wait(until: time)
        return true
    }

    /// Wakes the task when something is due earlier than it knows.
    func set(_ time: Instant?) {
        guard let time else { return }
        let signal = state.withLock { state -> OneShot<Void>? in
            guard state.due.map({ time < $0 }) ?? true else { return nil }
            state.due = time
            return state.signal
        }
        signal?.set()
    }

    /// Wakes the task.
    func ring() { state.withLock { $0.signal }.set() }
}
