internal import Synchronization

/// Counts what is under way, so that others can wait until nothing is.
final class Underway: Sendable {
    private struct State {
        var count = 0
        var waiters: [Signal<Void>] = []
    }

    private let state = Mutex(State())

    /// Something begins.
    func begin() {
        state.withLock { $0.count += 1 }
    }

    /// Something ended.
    func end() {
        let waiters: [Signal<Void>] = state.withLock { state in
            state.count -= 1
            guard state.count == 0 else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.send(()) }
    }

    /// Waits until nothing is under way, or until the deadline.
    func wait(until deadline: ContinuousClock.Instant) async {
        let signal = Signal<Void>()
        let mustWait = state.withLock { state in
            guard state.count > 0 else { return false }
            state.waiters.append(signal)
            return true
        }
        if mustWait { _ = await signal.wait(until: deadline) }
    }
}
