internal import Synchronization

/// The tasks that a client owns: they can be cancelled one by one, and are waited for when it closes.
package final class BackgroundTasks: Sendable {
    private let registry = TaskRegistry<Int>()
    private let lastNumber = Atomic(0)

    /// Owns nothing yet.
    package init() {}

    /// Starts a task, unless ``cancelAll()`` was called. Returns what ``cancel(_:)`` takes.
    @discardableResult
    package func start(_ body: @escaping @Sendable () async -> Void) -> Int? {
        let number = lastNumber.add(1, ordering: .relaxed).newValue
        let isStarted = registry.start(number) { end in
            await body()
            end()
        }
        return isStarted ? number : nil
    }

    /// Cancels a task, if it still runs.
    package func cancel(_ number: Int) {
        registry.cancel(number)
    }

    /// Cancels all tasks, waits until they have ended, and lets none start any more.
    ///
    /// One of these tasks may call this: it is cancelled too, but can't be waited for.
    package func cancelAll() async {
        await registry.cancelAll()
    }
}
