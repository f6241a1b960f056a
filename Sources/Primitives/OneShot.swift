internal import Synchronization

/// A value that is set once and that many tasks can wait for. The first set counts.
package final class OneShot<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiting: [UInt64: CheckedContinuation<Value?, Never>] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Creates one that is not set.
    package init() {}

    /// The value, if it is set.
    package var value: Value? { state.withLock { $0.value } }

    /// Sets the value unless it is set. Returns whether it did.
    @discardableResult
    package func set(_ value: Value) -> Bool {
        let waiting: [UInt64: CheckedContinuation<Value?, Never>]? = state.withLock { state in
            guard state.value == nil else { return nil }
            state.value = value
            defer { state.waiting = [:] }
            return state.waiting
        }
        guard let waiting else { return false }
        for continuation in waiting.values { continuation.resume(returning: value) }
        return true
    }

    /// Returns the value as soon as it is set, or `nil` when the task is cancelled first.
    package func wait() async -> Value? {
        if let value { return value }
        let id = nextID()
        return await withWaiter { continuation in
            state.withLock { state in
                if let value = state.value { return .some(value) }
                if Task.isCancelled { return .some(nil) }
                state.waiting[id] = continuation
                return nil
            }
        } onCancel: {
            giveUp(id)
        }
    }

    /// Returns the value as soon as it is set, or `nil` when the deadline passes or the task is cancelled first. The limit
    /// holds even if the thread that should set the value is stuck.
    package func wait(until deadline: ContinuousClock.Instant) async -> Value? {
        if let value { return value }
        return await withTaskGroup(of: Value?.self) { group in
            group.addTask { await self.wait() }
            group.addTask {
                try? await Task.sleep(until: deadline, clock: .continuous)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            // The value may have come together with the deadline.
            return first ?? value
        }
    }

    private func nextID() -> UInt64 {
        state.withLock { state in
            state.next += 1
            return state.next
        }
    }

    private func giveUp(_ id: UInt64) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: nil)
    }
}

extension OneShot<Void> {
    /// Sets it. Returns whether this is the first call.
    @discardableResult
    package func set() -> Bool { set(()) }
}
