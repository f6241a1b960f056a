internal import Synchronization

/// The tasks of an owner, each with a key. They can be cancelled one by one; closing the owner waits for all of them.
///
/// The work of a task may outlast it, such as a message on its way. So a key stays taken until ``end(_:)``.
package final class TaskRegistry<Key: Hashable & Sendable>: Sendable {
    private enum Entry {
        /// The task is being made.
        case starting(number: Int, isCancelled: Bool)
        case running(Task<Void, Never>)
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var lastNumber = 0
        var isClosed = false
        /// Continuations that wait until at most `count` tasks are running.
        var idle: [Int: (count: Int, waiter: CheckedContinuation<Bool, Never>)] = [:]
        /// Waits that timed out before they started.
        var overdue: Set<Int> = []

        /// Removes a key. Returns the continuations to resume.
        mutating func end(_ key: Key) -> [CheckedContinuation<Bool, Never>] {
            entries.removeValue(forKey: key)
            if idle.isEmpty { return [] }
            let reached = idle.filter { entries.count <= $0.value.count }
            for number in reached.keys { idle[number] = nil }
            return reached.values.map(\.waiter)
        }

        /// Ends a wait that timed out. Returns its continuation.
        mutating func giveUp(_ number: Int) -> CheckedContinuation<Bool, Never>? {
            if let waiting = idle.removeValue(forKey: number) { return waiting.waiter }
            overdue.insert(number)
            return nil
        }

        mutating func nextNumber() -> Int {
            lastNumber += 1
            return lastNumber
        }
    }

    private let state = Mutex(State())
    private let executor: (any TaskExecutor)?

    /// Makes an empty registry.
    ///
    /// - Parameter executor: The executor that the tasks prefer; `nil` is the default one.
    package init(executor: (any TaskExecutor)? = nil) {
        self.executor = executor
    }

    /// The number of taken keys.
    var count: Int { state.withLock { $0.entries.count } }

    /// Returns whether a key is taken.
    func contains(_ key: Key) -> Bool { state.withLock { $0.entries[key] != nil } }

    /// Starts a task, unless its key is taken or ``cancelAll()`` was called. Returns whether the task was started.
    ///
    /// - Parameters:
    ///   - isImmediate: Whether the task starts on the caller's thread, up to its first wait. Only a few such tasks
    ///     nest: each uses the caller's stack.
    ///   - body: The work of the task. It calls ``end(_:)`` with the key once, in the task or later.
    @discardableResult
    package func start(
        _ key: Key,
        isImmediate: Bool = false,
        _ body: @escaping @Sendable () async -> Void
    ) -> Bool {
        let number: Int? = state.withLock { state in
            guard !state.isClosed, state.entries[key] == nil else { return nil }
            let number = state.nextNumber()
            state.entries[key] = .starting(number: number, isCancelled: false)
            return number
        }
        guard let number else { return false }
        // Outside of the lock: starting a task may take long and would block others.
        let owner = TaskOwner(ObjectIdentifier(self), isImmediate: isImmediate)
        let task: Task<Void, Never>
        if owner.depth > 0, #available(macOS 26, iOS 26, tvOS 26, watchOS 26, visionOS 26, *) {
            task = .immediate(executorPreference: executor) {
                await TaskOwner.$current.withValue(owner) { await body() }
            }
        } else if let executor {
            task = Task(executorPreference: executor) { await TaskOwner.$current.withValue(owner) { await body() } }
        } else {
            // Naming no executor takes an allocation more.
            task = Task { await TaskOwner.$current.withValue(owner) { await body() } }
        }
        let isCancelled = state.withLock { state in
            // The task may have ended already, and its key may belong to another.
            guard case .starting(number, let isCancelled)? = state.entries[key] else { return false }
            state.entries[key] = .running(task)
            return isCancelled
        }
        if isCancelled { task.cancel() }
        return true
    }

    /// Frees a key whose task has done its work.
    package func end(_ key: Key) {
        for waiter in state.withLock({ $0.end(key) }) { waiter.resume(returning: true) }
    }

    /// Cancels a task. Returns whether its key was taken.
    @discardableResult
    func cancel(_ key: Key) -> Bool {
        let (isThere, task) = state.withLock { Self.cancel(key, &$0) }
        task?.cancel()
        return isThere
    }

    private static func cancel(_ key: Key, _ state: inout State) -> (Bool, Task<Void, Never>?) {
        switch state.entries[key] {
        case nil: return (false, nil)
        case .running(let task): return (true, task)
        case .starting(let number, _):
            state.entries[key] = .starting(number: number, isCancelled: true)
            return (true, nil)
        }
    }

    /// Cancels all running tasks; new ones may start.
    package func cancelEach() {
        let tasks = state.withLock { state in
            Array(state.entries.keys).compactMap { Self.cancel($0, &state).1 }
        }
        for task in tasks { task.cancel() }
    }

    /// Waits until no task is running. Returns `false` on a timeout.
    package func waitUntilIdle(timeout: Duration) async -> Bool {
        await waitUntil(count: 0, timeout: timeout)
    }

    /// Waits until no task is running, and cancels those that go on after the grace.
    ///
    /// - Parameter patience: How long cancelled tasks then have to end.
    /// - Returns: Whether all of them have ended.
    package func drain(grace: Duration, patience: Duration) async -> Bool {
        if await waitUntilIdle(timeout: grace) { return true }
        cancelEach()
        return await waitUntilIdle(timeout: patience)
    }

    /// Waits until at most `count` tasks are running. Returns `false` on a timeout.
    private func waitUntil(count: Int, timeout: Duration?) async -> Bool {
        let number = state.withLock { $0.nextNumber() }
        let alarm = timeout.map { timeout in
            Task {
                do { try await Task.sleep(for: timeout.bounded) } catch { return }
                self.state.withLock { $0.giveUp(number) }?.resume(returning: false)
            }
        }
        let isIdle = await withCheckedContinuation { continuation in
            let isIdle: Bool? = state.withLock { state in
                if state.entries.count <= count { return true }
                if state.overdue.contains(number) { return false }
                state.idle[number] = (count, continuation)
                return nil
            }
            if let isIdle { continuation.resume(returning: isIdle) }
        }
        alarm?.cancel()
        // The alarm has fired or never will, so nothing of this wait remains.
        await alarm?.value
        state.withLock { _ = $0.overdue.remove(number) }
        return isIdle
    }

    /// Whether the current task is one of these tasks or was started by one of them.
    var isCurrent: Bool { TaskOwner.current?.registry == ObjectIdentifier(self) }

    /// Cancels all tasks, waits until they have ended, and refuses new ones.
    ///
    /// One of these tasks may call this. It is cancelled too, but not waited for.
    ///
    /// - Parameter patience: How long to wait; without a limit by default.
    /// - Returns: Whether all tasks but the calling one have ended.
    @discardableResult
    func cancelAll(patience: Duration? = nil) async -> Bool {
        state.withLock { $0.isClosed = true }
        cancelEach()
        // The starter of the current task may not have stored it yet.
        if isCurrent { withUnsafeCurrentTask { $0?.cancel() } }
        return await waitUntil(count: isCurrent ? 1 : 0, timeout: patience)
    }
}

/// The registry that owns the current task, and the number of tasks nested on its thread.
private struct TaskOwner {
    @TaskLocal static var current: TaskOwner?

    /// The maximum number of nested tasks on one thread.
    private static let maximumDepth = 4

    let registry: ObjectIdentifier
    /// The number of nested tasks, including this one; 0 for a scheduled task.
    let depth: Int

    init(_ registry: ObjectIdentifier, isImmediate: Bool) {
        self.registry = registry
        let outer = Self.current?.depth ?? 0
        depth = isImmediate && outer < Self.maximumDepth ? outer + 1 : 0
    }
}
