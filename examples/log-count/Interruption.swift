import Dispatch
import Foundation

/// Someone asked the job to stop, by SIGINT or SIGTERM.
struct Interruption: Error {
    /// Waits for one of the signals, and throws it.
    static func wait() async throws {
        let (signals, arrival) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { arrival.yield() }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        for await _ in signals { throw Interruption() }
    }
}
