internal import Synchronization

/// The tasks that a client owns: they are counted, can be cancelled one by one, and are waited for when it closes.
package final class BackgroundTasks: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var next = 0
        var isClosed = false
        var idle: [Int: CheckedContinuation<Bool, Never>] = [:]

        /// The task has ended. Returns who waited for that.
        mutating func end(_ number: Int) -> [CheckedContinuation<Bool, Never>] {
            tasks.removeValue(forKey: number)
            guard tasks.isEmpty, !idle.isEmpty else { return [] }
            defer { idle = [:] }
            return Array(idle.values)
        }
    }

    private let state = Mutex(State())

    /// The task that is running, where it is one of a `BackgroundTasks`.
    @TaskLocal private static var current: (owner: ObjectIdentifier, number: Int)?

    /// Owns nothing yet.
    package init() {}

    /// Starts a task, unless ``cancelAll()`` was called. Returns what ``cancel(_:)`` takes.
    @discardableResult
    package func start(_ body: @escaping @Sendable () async -> Void) -> Int? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            let number = state.next
            state.next += 1
            state.tasks[number] = Task { [self] in
                await Self.$current.withValue((ObjectIdentifier(self), number)) { await body() }
                for waiter in self.state.withLock({ $0.end(number) }) { waiter.resume(returning: true) }
            }
            return number
        }
    }

    /// Cancels a task, if it still runs.
    package func cancel(_ number: Int) {
        state.withLock { $0.tasks[number] }?.cancel()
    }

    /// Waits until no task runs. Returns whether that was before the timeout.
    package func waitUntilIdle(timeout: Duration) async -> Bool {
        let number: Int = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        let alarm = Task {
            do { try await Task.sleep(for: timeout) } catch { return }
            let waiter = self.state.withLock { $0.idle.removeValue(forKey: number) }
            waiter?.resume(returning: false)
        }
        defer { alarm.cancel() }
        return await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.tasks.isEmpty { return true }
                state.idle[number] = continuation
                return false
            }
            if isIdle { continuation.resume(returning: true) }
        }
    }

    /// Whether the caller runs in one of these tasks, or in a task that one of them started.
    package var isCurrent: Bool { Self.current?.owner == ObjectIdentifier(self) }

    /// Cancels all tasks, waits until they have ended, and lets none start any more.
    ///
    /// One of these tasks may call this: it is cancelled too, but can't be waited for.
    package func cancelAll() async {
        let tasks = state.withLock { state in
            state.isClosed = true
            return state.tasks
        }
        for task in tasks.values { task.cancel() }
        let own = isCurrent ? Self.current?.number : nil
        for (number, task) in tasks where number != own { await task.value }
    }
}
