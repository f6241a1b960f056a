internal import Dispatch
internal import Foundation

/// Signals of the process that stop a service.
package enum StopSignals {
    /// Runs a body, and calls a function when the process receives one of the signals.
    ///
    /// A second signal ends the process as usual. When this returns, the signals have their default effect again.
    ///
    /// - Parameters:
    ///   - signals: The numbers of the signals.
    ///   - stop: Called on any thread with the number of the signal that came. It never waits.
    ///   - body: Runs the service.
    package static func run<Output: Sendable>(
        stoppingOn signals: [Int32],
        _ stop: @escaping @Sendable (Int32) -> Void,
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Output
    ) async rethrows -> Output {
        let sources = signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                for number in signals { signal(number, SIG_DFL) }
                stop(number)
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
        return try await body()
    }
}
