internal import Dispatch
internal import Foundation
internal import Logging
internal import Primitives

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
        let sources = signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { [run] in
                for number in signals { signal(number, SIG_DFL) }
                run.logger.info("a signal stops an agent", metadata: ["signal": "\(number)"])
                run.finish(.stopped)
            }
            return source
        }
        for source in sources {
            // A signal that comes before its source is registered is ignored.
            await withCheckedContinuation { registered in
                source.setRegistrationHandler { registered.resume() }
                source.resume()
            }
        }
        defer {
            for source in sources { source.cancel() }
            for number in signals { signal(number, SIG_DFL) }
        }
        try await run()
    }
}
