internal import AgentExchange
internal import Primitives

/// A task that runs an agent's own code, which may go on after its cancellation. It is awaited, but not without a
/// limit.
struct OwnWork: Sendable {
    private let task: Task<Void, Never>
    private let ended = OneShot<Void>()

    /// Starts the task.
    init(_ body: @escaping @Sendable () async -> Void) {
        task = Task { [ended] in
            await body()
            ended.set()
        }
    }

    /// Waits until the task has ended or the latch is set.
    func wait(orUntil latch: OneShot<some Sendable>) async {
        await withTaskGroup { group in
            group.addTask { [ended] in _ = await ended.wait() }
            group.addTask { _ = await latch.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    /// Waits until the task has ended. Returns `false` on a timeout.
    func wait(atMost timeout: Duration) async -> Bool {
        await withTaskGroup { group in
            group.addTask { [ended] in _ = await ended.wait() }
            group.addTask { try? await Task.sleep(for: timeout.bounded) }
            await group.next()
            group.cancelAll()
        }
        return ended.value != nil
    }

    /// Cancels the task without waiting.
    func cancel() { task.cancel() }

    /// Cancels the task and waits until it has ended. Returns `false` on a timeout.
    func cancel(patience: Duration) async -> Bool {
        task.cancel()
        return await wait(atMost: patience)
    }
}
