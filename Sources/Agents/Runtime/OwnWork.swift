internal import AgentExchange

/// A task with an agent's own code, which may not end when it is cancelled: it is waited for, but not without a limit.
struct OwnWork: Sendable {
    private let task: Task<Void, Never>
    private let ended = Latch<Void>()

    /// Starts it.
    init(_ body: @escaping @Sendable () async -> Void) {
        task = Task { [ended] in
            await body()
            ended.set(())
        }
    }

    /// Waits until it has ended, or something else has come.
    func wait(orUntil latch: Latch<some Sendable>) async {
        await withTaskGroup { group in
            group.addTask { [ended] in _ = await ended.wait() }
            group.addTask { _ = await latch.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    /// Waits until it has ended. Returns whether that was before the timeout.
    func wait(atMost timeout: Duration) async -> Bool {
        await withTaskGroup { group in
            group.addTask { [ended] in _ = await ended.wait() }
            group.addTask { try? await Task.sleep(for: timeout.bounded) }
            await group.next()
            group.cancelAll()
        }
        return ended.value != nil
    }

    /// Cancels it, and does not wait.
    func cancel() { task.cancel() }

    /// Cancels it and waits until it has ended. Returns whether that was before the timeout.
    func cancel(patience: Duration) async -> Bool {
        task.cancel()
        return await wait(atMost: patience)
    }
}
