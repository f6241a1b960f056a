internal import Synchronization

/// Fires at the earliest of many deadlines, with one task for all of them.
///
/// Deadlines mostly come in order, so the task is rarely replaced.
package final class DeadlineTimer: Sendable {
    private struct State {
        var armed: ContinuousClock.Instant?
        var task: Task<Void, Never>?
        var isStopped = false
    }

    private let state = Mutex(State())
    private let fire: @Sendable () -> ContinuousClock.Instant?

    /// Makes a timer. `fire` handles the due entries and returns the next deadline.
    package init(fire: @escaping @Sendable () -> ContinuousClock.Instant?) {
        self.fire = fire
    }

    /// Makes sure that the timer fires at `deadline` or earlier.
    package func arm(_ deadline: ContinuousClock.Instant) {
        state.withLock { state in
            if state.isStopped { return }
            if let armed = state.armed, armed <= deadline { return }
            state.task?.cancel()
            state.armed = deadline
            state.task = Task { [weak self] in
                do {
                    try await Task.sleep(until: deadline, clock: .continuous)
                } catch {
                    return
                }
                self?.ring(deadline)
            }
        }
    }

    /// Stops the timer. It never fires again.
    package func stop() {
        state.withLock { state in
            state.isStopped = true
            state.task?.cancel()
            state.task = nil
        }
    }

    private func ring(_ deadline: ContinuousClock.Instant) {
        state.withLock { state in
            if state.armed == deadline { state.armed = nil }
        }
        if let next = fire() { arm(next) }
    }
}
