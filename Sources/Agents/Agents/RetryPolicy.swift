internal import AgentExchange
internal import Foundation

/// How often an action that fails is tried again, and after which pauses.
///
/// The exchange keeps the request during a pause, so that it outlives the process. The caller waits, and gets one answer: the
/// result of the first attempt that succeeds, or the error of the last one. An attempt that could only begin after the
/// caller's deadline is not made; the error is the answer. So give such calls a deadline that includes the pauses.
///
/// ```swift
/// $0.on(\.pay, retry: .backoff(first: .seconds(1), attempts: 5)) { till, amount in try await till.pay(amount) }
/// ```
///
/// Attempts are those of ``ActionContext/attempt``: also those that ended with the death of their process count.
public struct RetryPolicy: Sendable {
    private let first: Duration
    private let factor: Double
    private let longest: Duration
    private let jitter: Double
    private let attempts: Int
    private let condition: (@Sendable (any Error) -> Bool)?

    /// Pauses that grow from one attempt to the next.
    ///
    /// - Parameters:
    ///   - first: The pause after the first attempt.
    ///   - factor: The growth from one pause to the next; less than 1 counts as 1.
    ///   - max: The longest pause.
    ///   - jitter: The random part of each pause, 0 to 1, by which it is shorter: requests that failed together do not come again
    ///     together.
    ///   - attempts: The number of attempts, the first one included; less than 1 counts as 1. A broker gives a request up
    ///     after its own limit of deliveries, `redeliveryLimit`, 20 unless it is set.
    ///   - condition: Returns whether an error may be gone at the next attempt. By default those are all errors except
    ///     final answers: an error type that the interface registers (``AgentInterface/errors``), a `Failure`, and an
    ///     `ExchangeError` that is not `isRetryable`, such as arguments that can't be decoded. A cancelled action is never
    ///     tried again.
    public static func backoff(
        first: Duration = .seconds(1),
        factor: Double = 2,
        max longest: Duration = .seconds(300),
        jitter: Double = 0.5,
        attempts: Int = 5,
        when condition: (@Sendable (any Error) -> Bool)? = nil
    ) -> RetryPolicy {
        RetryPolicy(
            first: Swift.max(.zero, first.bounded),
            factor: factor.isFinite ? Swift.max(1, factor) : 1,
            longest: Swift.max(.zero, longest.bounded),
            jitter: jitter.isFinite ? min(Swift.max(0, jitter), 1) : 0,
            attempts: Swift.max(1, attempts),
            condition: condition
        )
    }

    /// Returns the time of the next attempt of a request; `nil` when the error is the answer.
    func time(of request: Request, after error: any Error, _ interface: InterfaceDescription) -> Date? {
        guard !Task.isCancelled, triesAgain(after: error, isRegistered: interface.knows(error)),
            let pause = pause(after: request.attempt)
        else { return nil }
        let time = Date.after(pause)
        return request.deadline.map { time < $0 } ?? true ? time : nil
    }

    /// Returns the pause after an attempt; `nil` when it was the last one.
    ///
    /// - Parameter random: A random number, at least 0 and below 1.
    func pause(after attempt: Int, random: Double = .random(in: 0..<1)) -> Duration? {
        guard attempt < attempts else { return nil }
        // Finite, so that no pause times it is none.
        let growth = min(pow(factor, Double(Swift.max(1, attempt) - 1)), .greatestFiniteMagnitude)
        let seconds = min(first / .seconds(1) * growth, longest / .seconds(1))
        return .seconds(seconds * (1 - jitter * random))
    }

    /// Returns whether an action is tried again after an error.
    ///
    /// - Parameter isRegistered: Whether the interface registers the type of the error.
    func triesAgain(after error: any Error, isRegistered: Bool) -> Bool {
        if error is CancellationError { return false }
        if let condition { return condition(error) }
        return switch error {
        case is Failure: false
        case let error as ExchangeError: error.isRetryable
        default: !isRegistered
        }
    }
}
