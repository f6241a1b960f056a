internal import AgentExchange
internal import Primitives

/// Runs a function of the program, which may take any time, until a deadline.
///
/// It runs in a task of its own, which is cancelled at the deadline and not waited for.
///
/// - Parameters:
///   - end: The deadline.
///   - action: The work, for the error: "the agent was made".
///   - delivery: The outcome of the message for that error.
/// - Throws: The error of the function; `ExchangeError.Code.deadlineExceeded`; `ExchangeError.Code.cancelled` when the task is
///   cancelled first.
func limited<Output: Sendable>(
    until end: ContinuousClock.Instant,
    while action: @autoclosure () -> String,
    delivery: DeliveryOutcome = .notSent,
    _ body: @escaping @Sendable () async throws(ExchangeError) -> Output
) async throws(ExchangeError) -> Output {
    let outcome = OneShot<Result<Output, ExchangeError>>()
    let task = Task {
        do throws(ExchangeError) {
            outcome.set(.success(try await body()))
        } catch {
            outcome.set(.failure(error))
        }
    }
    if let result = await outcome.wait(until: end) { return try result.get() }
    task.cancel()
    if Task.isCancelled {
        throw ExchangeError(.cancelled, "the task was cancelled while \(action())", delivery: delivery)
    }
    throw ExchangeError(.deadlineExceeded, "the deadline passed while \(action())", delivery: delivery)
}
