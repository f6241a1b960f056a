internal import Synchronization

/// The tasks that somebody owns, each with a key: they can be cancelled one by one, and are waited for when the owner closes.
///
/// What a task began may outlast it, such as a message that is on its way: a key is taken until its task says that it ended.
final class TaskRegistry<Key: Hashable & Sendable>: Sendable {
    private enum Entry {
        /// Its task is being made.
        case starting(number: Int, isCancelled: Bool)
        case running(Task<Void, Never>)
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var lastNumber = 0
        var isClosed = false
        /// Who waits until no more than so many run.
        var idle: [Int: (count: Int, waiter: CheckedContinuation<Bool, Never>)] = [:]
        /// Waits whose time was over before they began.
        var overdue: Set<Int> = []

        /// Returns who waited for that.
        mutating func end(_ key: Key) -> [CheckedContinuation<Bool, Never>] {
            entries.removeValue(forKey: key)
            if idle.isEmpty { return [] }
            let reached = idle.filter { entries.count <= $0.value.count }
            for number in reached.keys { idle[number] = nil }
            return reached.values.map(\.waiter)
        }

        /// The time of a wait is over. Returns who waits.
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

    /// How many keys are taken.
    var count: Int { state.withLock { $0.entries.count } }

    /// Whether a key is taken.
    func contains(_ key: Key) -> Bool { state.withLock { $0.entries[key] != nil } }

    /// Starts a task, unless its key is taken or ``cancelAll()`` was called. Returns whether it did.
    ///
    /// - Parameters:
    ///   - isImmediate: Whether the task begins on the caller's thread, up to its first wait. Not deeper than a few tasks
    ///     within each other: each takes from the stack.
    ///   - body: What the task does. It calls `end` once, in the task or after it: then the key is free.
    @discardableResult
    func start(
        _ key: Key,
        isImmediate: Bool = false,
        _ body: @escaping @Sendable (_ end: @escaping @Sendable () -> Void) async -> Void
    ) -> Bool {
        let number: Int? = state.withLock { state in
            guard !state.isClosed, state.entries[key] == nil else { return nil }
            let number = state.nextNumber()
            state.entries[key] = .starting(number: number, isCancelled: false)
            return number
        }
        guard let number else { return false }
        // Not under the lock: to start a task may take long, and others would wait.
        let owner = TaskOwner(ObjectIdentifier(self), isImmediate: isImmediate)
        let task: Task<Void, Never>
        if owner.depth > 0, #available(macOS 26, iOS 26, tvOS 26, watchOS 26, visionOS 26, *) {
            task = .immediate { [self] in await run(key, owner, body) }
        } else {
            task = Task { [self] in await run(key, owner, body) }
        }
        let isCancelled = state.withLock { state in
            // Its task may have ended already, and another one have the key.
            guard case .starting(number, let isCancelled)? = state.entries[key] else { return false }
            state.entries[key] = .running(task)
            return isCancelled
        }
        if isCancelled { task.cancel() }
        return true
    }

    private func run(
        _ key: Key,
        _ owner: TaskOwner,
        _ body: @Sendable (_ end: @escaping @Sendable () -> Void) async -> Void
    ) async {
        await TaskOwner.$current.withValue(owner) {
            await body { self.end(key) }
        }
    }

    private func end(_ key: Key) {
        for waiter in state.withLock({ $0.end(key) }) { waiter.resume(returning: true) }
    }

    /// Cancels a task. Returns whether its key is taken.
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

    /// Cancels what runs, and lets more start.
    func cancelEach() {
        let tasks = state.withLock { state in
            Array(state.entries.keys).compactMap { Self.cancel($0, &state).1 }
        }
        for task in tasks { task.cancel() }
    }

    /// Waits until nothing runs. Returns whether that was before the timeout.
    func waitUntilIdle(timeout: Duration) async -> Bool {
        await waitUntil(count: 0, timeout: timeout)
    }

    /// Waits until no more than so many run. Returns whether that was before the timeout.
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
        // The alarm has rung or never will: nothing of this wait is left.
        await alarm?.value
        state.withLock { _ = $0.overdue.remove(number) }
        return isIdle
    }

    /// Whether the caller runs in one of these tasks, or in a task that one of them started.
    var isCurrent: Bool { TaskOwner.current?.registry == ObjectIdentifier(self) }

    /// Cancels all tasks, waits until they have ended, and lets none start any more.
    ///
    /// One of these tasks may call this: it is cancelled too, but can't be waited for.
    ///
    /// - Parameter patience: How long to wait for them; for ever when it is not said.
    /// - Returns: Whether all have ended, but for the caller.
    @discardableResult
    func cancelAll(patience: Duration? = nil) async -> Bool {
        state.withLock { $0.isClosed = true }
        cancelEach()
        return await waitUntil(count: isCurrent ? 1 : 0, timeout: patience)
    }
}

/// Whose task is running, and how many began within each other on its thread.
private struct TaskOwner {
    @TaskLocal static var current: TaskOwner?

    /// How many tasks may begin within each other on one thread.
    private static let maximumDepth = 4

    let registry: ObjectIdentifier
    /// How many tasks began within each other, this one included; 0 for one that was scheduled.
    let depth: Int

    init(_ registry: ObjectIdentifier, isImmediate: Bool) {
        self.registry = registry
        let outer = Self.current?.depth ?? 0
        depth = isImmediate && outer < Self.maximumDepth ? outer + 1 : 0
    }
}
