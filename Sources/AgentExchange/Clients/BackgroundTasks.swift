internal import Synchronization

/// The tasks that a client owns: they are counted, can be cancelled one by one, and are waited for when it closes.
package final class BackgroundTasks: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var next = 0
        var isClosed = false
    }

    private let state = Mutex(State())

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
                await body()
                _ = self.state.withLock { $0.tasks.removeValue(forKey: number) }
            }
            return number
        }
    }

    /// Cancels a task, if it still runs.
    package func cancel(_ number: Int) {
        state.withLock { $0.tasks[number] }?.cancel()
    }

    /// Cancels all tasks, waits until they have ended, and lets none start any more.
    package func cancelAll() async {
        let tasks = state.withLock { state in
            state.isClosed = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
