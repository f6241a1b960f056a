internal import Primitives
internal import Synchronization

/// Counts operations in progress, so that tasks can wait until there are none.
final class Underway: Sendable {
    private struct State {
        var count = 0
        var waiters: [OneShot<Void>] = []
    }

    private let state = Mutex(State())

    /// Records the start of an operation.
    func begin() {
        state.withLock { $0.count += 1 }
    }

    /// Records the end of an operation.
    func end() {
        let waiters: [OneShot<Void>] = state.withLock { state in
            state.count -= 1
            guard state.count == 0 else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.set() }
    }

    /// Waits until no operation is in progress, or until the deadline.
    func wait(until deadline: ContinuousClock.Instant) async {
        let signal = OneShot<Void>()
        let mustWait = state.withLock { state in
            guard state.count > 0 else { return false }
            state.waiters.append(signal)
            return true
        }
        if mustWait { _ = await signal.wait(until: deadline) }
    }
}
