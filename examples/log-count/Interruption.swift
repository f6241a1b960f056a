import Dispatch
import Foundation

/// Someone asked the job to stop, by SIGINT or SIGTERM.
struct Interruption: Error {
    /// The number of the signal.
    let signal: Int32

    /// Waits for one of the signals, and throws it.
    static func wait() async throws {
        let (signals, arrival) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingOldest(1))
        let sources = [SIGINT, SIGTERM].map { number in
            Foundation.signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { arrival.yield(number) }
            source.resume()
            return source
        }
        defer {
            for source in sources { source.cancel() }
            // From now on the program ends at once.
            for number in [SIGINT, SIGTERM] { Foundation.signal(number, SIG_DFL) }
        }
        for await number in signals { throw Interruption(signal: number) }
    }
}
