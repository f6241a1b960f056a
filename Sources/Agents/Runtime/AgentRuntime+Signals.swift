internal import AgentExchange
internal import Logging

extension AgentRuntime {
    /// Runs the agent, and stops it with its grace period when the process receives one of the signals. For programs
    /// without a `ServiceGroup`.
    ///
    /// ```swift
    /// try await AgentRuntime(MyBank(), registration: registration, exchange: exchange).run(stoppingOn: [SIGTERM, SIGINT])
    /// ```
    ///
    /// A second signal ends the process as usual. When this returns, the signals have their default effect again.
    ///
    /// - Throws: As ``run()``.
    public func run(stoppingOn signals: [Int32]) async throws {
        try await StopSignals.run(stoppingOn: signals) { [run] number in
            run.logger.info("a signal stops an agent", metadata: ["signal": "\(number)"])
            run.finish(.stopped)
        } _: {
            try await run()
        }
    }
}
