internal import Synchronization

/// The background tasks of a client. Each can be cancelled alone; closing the client waits for all of them.
package final class BackgroundTasks: Sendable {
    private let registry = TaskRegistry<Int>()
    private let lastNumber = Atomic(0)

    /// Makes an empty set of tasks.
    package init() {}

    /// Starts a task, unless ``cancelAll()`` was called. Returns the number to pass to ``cancel(_:)``.
    @discardableResult
    package func start(_ body: @escaping @Sendable () async -> Void) -> Int? {
        let number = lastNumber.add(1, ordering: .relaxed).newValue
        let isStarted = registry.start(number) { [registry] in
            await body()
            registry.end(number)
        }
        return isStarted ? number : nil
    }

    /// Cancels a task if it is still running.
    package func cancel(_ number: Int) {
        registry.cancel(number)
    }

    /// Waits until all tasks have ended, then cancels the others and waits no longer. Refuses new ones.
    ///
    /// - Returns: Whether all of them ended in time.
    package func end(within limit: Duration) async -> Bool {
        if await registry.waitUntilIdle(timeout: limit) { return true }
        return await registry.cancelAll(patience: .zero)
    }

    /// Cancels all tasks, waits until they have ended, and refuses new ones.
    ///
    /// One of these tasks may call this. It is cancelled too, but not waited for.
    package func cancelAll() async {
        await registry.cancelAll()
    }
}
