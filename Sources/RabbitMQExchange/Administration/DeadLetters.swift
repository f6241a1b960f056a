internal import AMQP
public import AgentExchange
public import Foundation
internal import Logging

/// The number of dead letters and parked messages in a namespace.
public struct DeadLetterFigures: Sendable, Hashable, Codable {
    /// Dead letters that wait to be answered.
    public let waiting: Int
    /// Consumers that answer them: one for each connected session.
    public let consumers: Int
    /// Messages that could not be delivered or answered.
    public let parked: Int
}

/// A dead letter that was handled.
public struct DeadLetter: Sendable, Hashable {
    /// The reason: `mailbox-terminated`, `expired`, `delivery_limit`, `maxlen`, `rejected`, or `malformed`.
    public let reason: String
    /// The outcome.
    public let outcome: Outcome
    /// The kind of the original message, if it could be decoded.
    public let kind: MessageKind?
    /// The sender.
    public let source: EntityID?
    /// The destination.
    public let destination: EntityID?
    /// The tag of the request.
    public let tag: UUID?

    /// The outcome of a dead letter.
    public enum Outcome: String, Sendable, Hashable, Codable {
        /// The requester received an error answer.
        case answered
        /// The message required no answer.
        case dropped
        /// No rule could answer the message, so it was parked.
        case parked
    }
}

extension RabbitMQExchange {
    /// Answers dead letters until the task is cancelled, like every session does, but without its other duties.
    ///
    /// - Parameters:
    ///   - ready: Called once, when dead letters are being received.
    ///   - report: Called with each handled dead letter.
    /// - Throws: `ExchangeError` when no session can be opened. A lost connection is restored.
    public func serveDeadLetters(
        ready: @Sendable () -> Void = {},
        report: @escaping @Sendable (DeadLetter) -> Void
    ) async throws(ExchangeError) {
        let session = try await patiently { () throws(ExchangeError) in
            try await Session.open(
                names: names,
                configuration: configuration,
                connection: try address.connection(configuration),
                logger: logger,
                deadLetterReport: report
            )
        }
        ready()
        await session.link.consumer.waitUntilClosed()
        // The task may be cancelled; closing needs its time anyway.
        await Task { await session.close() }.value
    }
}
