import Dispatch
import Foundation
import Synchronization

/// A signal asked the command to stop before it was done.
struct Interrupted: Error {
    /// The number of the signal.
    let signal: Int32
}

/// Runs `body` in a task that SIGINT and SIGTERM cancel; a second signal ends the process.
///
/// - Throws: ``Interrupted`` when `body` failed after a signal.
func withInterruption(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let received = Mutex<Int32?>(nil)
    let registration = AsyncStream<Never>.makeStream()
    let task = Task {
        for await _ in registration.stream {}
        try await body()
    }
    let sources = [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler {
            received.withLock { $0 = $0 ?? number }
            for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
            task.cancel()
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
    registration.continuation.finish()
    let result = await task.result
    for source in sources { source.cancel() }
    if case .failure(let error) = result {
        if let number = received.withLock({ $0 }) { throw Interrupted(signal: number) }
        throw error
    }
}

/// Runs a cleanup to its end even if the task is cancelled.
func uncancelled<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) async -> Result {
    await Task { await body() }.value
}
