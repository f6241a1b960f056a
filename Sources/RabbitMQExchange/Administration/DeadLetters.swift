internal import AMQP
public import AgentExchange
public import Foundation
internal import Logging

/// What lies in the namespace's queues of messages that could not be delivered.
public struct DeadLetterFigures: Sendable, Hashable, Codable {
    /// Dead letters that wait to be answered.
    public let waiting: Int
    /// Who answers them: one for each session that is connected.
    public let consumers: Int
    /// Messages that no rule could answer.
    public let parked: Int
}

/// A dead letter that was taken care of.
public struct DeadLetter: Sendable, Hashable {
    /// Why it is one: `mailbox-terminated`, `expired`, `delivery_limit`, `maxlen`, `rejected`, or `malformed`.
    public let reason: String
    /// What became of it.
    public let outcome: Outcome
    /// The message it was, when it could be understood.
    public let kind: MessageKind?
    /// Who sent it.
    public let source: EntityID?
    /// Whom it was for.
    public let destination: EntityID?
    /// The tag of the request.
    public let tag: UUID?

    /// What becomes of a dead letter.
    public enum Outcome: String, Sendable, Hashable, Codable {
        /// The requester got an error as the answer.
        case answered
        /// It wanted no answer.
        case dropped
        /// No rule could answer it; it was parked.
        case parked
    }
}

extension ExchangeAdministration {
    /// What waits, and who is there to answer it.
    public func deadLetters() async throws(ExchangeError) -> DeadLetterFigures {
        let letters = try await link.status(ofQueue: names.unanswered)
        let older = try await link.status(ofQueue: names.deadLetters)
        let parked = try await link.status(ofQueue: names.parked)
        return DeadLetterFigures(
            waiting: (letters?.messageCount ?? 0) + (older?.messageCount ?? 0),
            consumers: letters?.consumerCount ?? older?.consumerCount ?? 0,
            parked: parked?.messageCount ?? 0
        )
    }
}

extension RabbitMQExchange {
    /// Answers dead letters until the task is cancelled: the role that every session has, alone.
    ///
    /// - Parameters:
    ///   - ready: Called once, when dead letters are received.
    ///   - report: Called with each dead letter that was taken care of.
    /// - Throws: `ExchangeError` when no session can be opened. A lost connection is made again.
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
        // The task may be cancelled; closing takes its time all the same.
        await Task { await session.close() }.value
    }
}
