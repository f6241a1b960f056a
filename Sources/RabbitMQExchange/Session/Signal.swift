internal import Synchronization

/// A value that one task waits for with a deadline. The task may wait again after a timeout. The first value counts.
final class Signal<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiter: CheckedContinuation<Value?, Never>?
        /// Tells waits apart, so that a late alarm ends no other wait.
        var wait = 0
        /// The last wait that was given up, possibly before it began.
        var givenUp = 0
    }

    private let state = Mutex(State())

    /// The value, if it was sent.
    var current: Value? { state.withLock { $0.value } }

    /// Sends the value.
    func send(_ value: Value) {
        let waiter: CheckedContinuation<Value?, Never>? = state.withLock { state in
            guard state.value == nil else { return nil }
            state.value = value
            let waiter = state.waiter
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: value)
    }

    /// Waits for the value. Returns `nil` when the deadline passed or the task was cancelled.
    func wait(until deadline: ContinuousClock.Instant) async -> Value? {
        let wait = state.withLock { state in
            state.wait += 1
            return state.wait
        }
        let alarm = Task { [self] in
            try? await Task.sleep(until: deadline, clock: .continuous)
            giveUp(wait)
        }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Value?? = state.withLock { state in
                    if let value = state.value { return .some(value) }
                    if state.givenUp == wait { return .some(nil) }
                    state.waiter = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            giveUp(wait)
        }
    }

    private func giveUp(_ wait: Int) {
        let waiter: CheckedContinuation<Value?, Never>? = state.withLock { state in
            guard state.wait == wait else { return nil }
            guard let waiter = state.waiter else {
                state.givenUp = wait
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: nil)
    }
}
