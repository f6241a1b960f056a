import Synchronization

/// A value behind a lock that tasks can wait on. Every change wakes the waiting tasks, which look again.
///
/// Waiting never blocks a thread. Changes are synchronous, so plain threads and signal-like callers may make them.
public final class Monitor<Value: Sendable>: Sendable {
    private struct Guarded {
        var value: Value
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var changes: UInt64 = 0
        var nextWaiter: UInt64 = 0
    }

    private let guarded: Mutex<Guarded>

    /// Makes a monitor of a value.
    public init(_ value: Value) {
        guarded = Mutex(Guarded(value: value))
    }

    /// The current value.
    public var value: Value { guarded.withLock { $0.value } }

    /// Changes the value and wakes every waiting task.
    ///
    /// - Returns: The result of the change.
    @discardableResult
    public func update<Result: Sendable>(_ change: (inout Value) throws -> Result) rethrows -> Result {
        let (result, waiters) = try guarded.withLock { guarded in
            let result = try change(&guarded.value)
            guarded.changes += 1
            let waiters = Array(guarded.waiters.values)
            guarded.waiters = [:]
            return (result, waiters)
        }
        for waiter in waiters { waiter.resume() }
        return result
    }

    /// Waits until `take` returns a value. It may change the value: taking an element counts as a change.
    ///
    /// - Parameters:
    ///   - condition: The awaited condition, for the error.
    ///   - timeout: The deadline. At least one look is taken.
    ///   - take: Called under the lock; returns `nil` for "not yet".
    /// - Throws: ``ConditionNotMet`` after the deadline, `CancellationError` when the task is cancelled, and the
    ///   error of `take`.
    @discardableResult
    public func wait<Result: Sendable>(
        for condition: String,
        timeout: Duration,
        until take: @escaping @Sendable (inout Value) throws -> Result?
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await self.wait(until: take) }
            group.addTask {
                try await Task.sleep(for: timeout)
                if let late = try self.update({ try take(&$0) }) { return late }
                throw ConditionNotMet(
                    condition: condition,
                    timeout: timeout,
                    lastValue: String(describing: self.value),
                    lastError: nil
                )
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    /// Waits without a deadline, until the task is cancelled.
    ///
    /// - Throws: `CancellationError`, and the error of `take`.
    @discardableResult
    func wait<Result: Sendable>(
        until take: @Sendable (inout Value) throws -> Result?
    ) async throws -> Result {
        while true {
            try Task.checkCancellation()
            let (taken, changes, waiter) = try guarded.withLock { guarded in
                guarded.nextWaiter += 1
                return (try take(&guarded.value), guarded.changes, guarded.nextWaiter)
            }
            if let taken { return taken }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let missed = guarded.withLock { guarded in
                        if guarded.changes != changes || Task.isCancelled { return true }
                        guarded.waiters[waiter] = continuation
                        return false
                    }
                    if missed { continuation.resume() }
                }
            } onCancel: {
                guarded.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
            }
        }
    }
}
