internal import Synchronization

/// The tasks that a client owns: they are counted, can be cancelled one by one, and are waited for when it closes.
package final class BackgroundTasks: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var next = 0
        var isClosed = false
        /// Who waits until no more than so many run.
        var idle: [Int: (count: Int, waiter: CheckedContinuation<Bool, Never>)] = [:]

        /// The task has ended. Returns who waited for that.
        mutating func end(_ number: Int) -> [CheckedContinuation<Bool, Never>] {
            tasks.removeValue(forKey: number)
            if idle.isEmpty { return [] }
            let reached = idle.filter { tasks.count <= $0.value.count }
            for number in reached.keys { idle[number] = nil }
            return reached.values.map(\.waiter)
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
        await waitUntil(count: 0, timeout: timeout)
    }

    /// Waits until no more than so many tasks run. Returns whether that was before the timeout.
    private func waitUntil(count: Int, timeout: Duration) async -> Bool {
        let number: Int = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        let alarm = Task {
            do { try await Task.sleep(for: timeout) } catch { return }
            let waiter = self.state.withLock { $0.idle.removeValue(forKey: number) }
            waiter?.waiter.resume(returning: false)
        }
        defer { alarm.cancel() }
        return await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.tasks.count <= count { return true }
                state.idle[number] = (count, continuation)
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

    /// The same, for tasks that may not end when they are cancelled.
    ///
    /// - Parameter patience: How long to wait for them.
    /// - Returns: Whether all have ended, but for the caller.
    package func cancelAll(patience: Duration) async -> Bool {
        let tasks = state.withLock { state in
            state.isClosed = true
            return state.tasks
        }
        for task in tasks.values { task.cancel() }
        return await waitUntil(count: isCurrent ? 1 : 0, timeout: patience)
    }
}
