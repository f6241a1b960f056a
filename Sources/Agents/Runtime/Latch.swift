internal import Synchronization

/// A value that is set once and that many tasks can wait for.
final class Latch<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiters: [Int: CheckedContinuation<Value?, Never>] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// The value, if it is set.
    var value: Value? { state.withLock { $0.value } }

    /// Sets the value. Returns whether this is the first call.
    @discardableResult
    func set(_ value: Value) -> Bool {
        let waiters: [CheckedContinuation<Value?, Never>]? = state.withLock { state in
            guard state.value == nil else { return nil }
            state.value = value
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        guard let waiters else { return false }
        for waiter in waiters { waiter.resume(returning: value) }
        return true
    }

    /// Waits for the value. Returns `nil` when the task is cancelled first.
    func wait() async -> Value? {
        let (value, number) = state.withLock { state in
            if state.value == nil { state.next += 1 }
            return (state.value, state.next)
        }
        if let value { return value }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isOver, value): (Bool, Value?) = state.withLock { state in
                    if let value = state.value { return (true, value) }
                    if Task.isCancelled { return (true, nil) }
                    state.waiters[number] = continuation
                    return (false, nil)
                }
                if isOver { continuation.resume(returning: value) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.resume(returning: nil)
        }
    }
}
