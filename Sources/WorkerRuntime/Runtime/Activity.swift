internal import AgentExchange
internal import Primitives
internal import Synchronization

/// The work of a runtime that is under way: handlers that run or wait for their turn, and requests that were sent.
final class Activity: Sendable {
    private struct State {
        var count = 0
        var begun = 0
        var idle: OneShot<Void>?
        var change: OneShot<Void>?
    }

    private let state = Mutex(State())

    /// The number of pieces of work that have begun since the start.
    var begun: Int { state.withLock { $0.begun } }

    /// The number of pieces of work that are under way.
    var count: Int { state.withLock { $0.count } }

    /// Whether nothing is under way, and nothing has begun since a number of ``begun``.
    func isIdle(since begun: Int) -> Bool {
        state.withLock { $0.count == 0 && $0.begun == begun }
    }

    /// Begins a piece of work, which ends when the result is released.
    func begin() -> Work {
        let change: OneShot<Void>? = state.withLock { state in
            state.count += 1
            state.begun += 1
            defer { state.change = nil }
            return state.change
        }
        change?.set()
        return Work(activity: self)
    }

    fileprivate func end() {
        let idle: OneShot<Void>? = state.withLock { state in
            state.count -= 1
            guard state.count == 0 else { return nil }
            defer { state.idle = nil }
            return state.idle
        }
        idle?.set()
    }

    /// Waits until nothing is under way. Returns `false` when the deadline passes or the task is cancelled first.
    func waitUntilIdle(until deadline: ContinuousClock.Instant) async -> Bool {
        let idle: OneShot<Void>? = state.withLock { state in
            if state.count == 0 { return nil }
            if state.idle == nil { state.idle = OneShot() }
            return state.idle
        }
        guard let idle else { return true }
        return await idle.wait(until: deadline) != nil
    }

    /// Waits until something begins after a number of ``begun``, or a deadline passes.
    func waitForChange(since begun: Int, until deadline: ContinuousClock.Instant) async {
        let change: OneShot<Void>? = state.withLock { state in
            if state.begun != begun { return nil }
            if state.change == nil { state.change = OneShot() }
            return state.change
        }
        _ = await change?.wait(until: deadline)
    }

    /// Waits until nothing is under way and nothing waits to begin. Returns `false` when the deadline passes or the task is
    /// cancelled first.
    ///
    /// - Parameter isEmpty: Returns whether nothing waits.
    func waitUntilDone(until deadline: ContinuousClock.Instant, isEmpty: () async -> Bool) async -> Bool {
        while await waitUntilIdle(until: deadline) {
            let begun = begun
            if await isEmpty(), isIdle(since: begun) { return true }
            if ContinuousClock.now >= deadline || Task.isCancelled { return false }
            // A waiting message begins work soon. An exchange that counts late has none: then they are counted again.
            await waitForChange(since: begun, until: min(deadline, .after(.milliseconds(100))))
        }
        return false
    }

    /// A piece of work. It ends when it is released.
    final class Work: Sendable {
        private let activity: Activity

        fileprivate init(activity: Activity) {
            self.activity = activity
        }

        deinit {
            activity.end()
        }
    }
}
