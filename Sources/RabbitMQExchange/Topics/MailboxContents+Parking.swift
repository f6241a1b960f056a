internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging

extension MailboxContents {
    /// Puts a held event among the parked messages, with this mailbox as its destination, and then settles it.
    ///
    /// - Throws: The error of the broker; the event is then still held.
    func park(_ delivery: EventDelivery, _ reason: String) async throws(ExchangeError) {
        guard let request = shelf.request(delivery.event.publicationID) else { return }
        var properties = Envelope.encode(delivery.event, from: request.source, now: delivery.published ?? .now)
            .forMoving(principal: request.principal)
        properties.messageID = UUID().lowercased
        properties.headers[Header.destination] = .string(mailboxID.header)
        if let name = mailboxID.name { properties.headers[Header.destinationName] = .string(name) }
        properties.headers[Header.reason] = "event-failed"
        properties.headers[Header.detail] = .string(reason)
        properties.headers[Header.queue] = .string(link.names.queue(of: mailboxID))
        do throws(AMQPError) {
            try await session.settlement.publishDeadLetter(
                properties,
                delivery.event.payload.bytes,
                ExchangeNames.DeadLetterKey.parked
            )
        } catch {
            throw ExchangeError(error, "an event could not be parked", entity: mailboxID)
        }
        link.metrics.count(.parked)
        link.logger.warning(
            "a message was parked",
            metadata: .init(keys: [.reason: reason, .queue: link.names.parked, .mailbox: mailboxID.description])
        )
        settle(delivery)
    }
}
