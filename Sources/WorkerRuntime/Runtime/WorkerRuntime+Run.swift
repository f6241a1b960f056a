public import AgentExchange
internal import Logging
internal import Primitives
internal import Synchronization

#if ServiceLifecycle
    public import ServiceLifecycle
#endif

extension WorkerRuntime {
    /// Starts the runtime, and runs it until it is stopped: by ``stop()``, by cancelling the task, by a graceful shutdown of a
    /// `ServiceGroup`, or because it lost one of its types. It has stopped when this returns.
    ///
    /// - Throws: The errors of ``start()``; `ExchangeError.Code.mailboxTerminated` when the mailbox of a type was
    ///   terminated, `ExchangeError.Code.connectionLost` when the exchange gave the connection up.
    public func run() async throws(ExchangeError) {
        let wish = OneShot<End>()
        #if ServiceLifecycle
            let result: Result<Void, ExchangeError> = await withGracefulShutdownHandler {
                await self.result(orUntil: wish)
            } onGracefulShutdown: {
                wish.set(.stopped)
            }
        #else
            let result = await self.result(orUntil: wish)
        #endif
        try result.get()
    }

    /// Runs the runtime, and stops it with its grace period when the process receives one of the signals. For programs without
    /// a `ServiceGroup`.
    ///
    /// A second signal ends the process as usual. When this returns, the signals have their default effect again.
    ///
    /// - Throws: As ``run()``.
    public func run(stoppingOn signals: [Int32]) async throws(ExchangeError) {
        let wish = OneShot<End>()
        let logger = configuration.client.logger
        let result = await StopSignals.run(stoppingOn: signals) { number in
            logger.info("a signal stops a worker", metadata: ["signal": "\(number)"])
            wish.set(.stopped)
        } _: {
            await self.result(orUntil: wish)
        }
        try result.get()
    }

    /// Starts, waits for the end or the wish to end, and stops.
    private func result(orUntil wish: OneShot<End>) async -> Result<Void, ExchangeError> {
        do throws(ExchangeError) {
            try await start()
        } catch {
            return .failure(error)
        }
        let end = state.withLock { $0.end }
        let reason = await withTaskGroup(of: End?.self) { group in
            group.addTask { await end.wait() }
            group.addTask { await wish.wait() }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        await stop()
        if case .lost(let error) = reason { return .failure(error) }
        return .success(())
    }
}

#if ServiceLifecycle
    extension WorkerRuntime: Service {}
#endif
