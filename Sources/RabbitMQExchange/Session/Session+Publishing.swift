internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging

/// What a session publishes for others: responses, parked messages, dead letters.
extension Session {
    /// Publishes a response: to the session queue that the request named, else to the requester's mailbox.
    ///
    /// - Returns: Whether there was somebody to get it; `false` when the requester's mailbox is gone too.
    func publish(
        _ response: Response,
        replyTo: String?,
        isVerdict: Bool = false
    ) async throws(ExchangeError) -> Bool {
        let publication = try publication(of: response, replyTo: replyTo, isVerdict: isVerdict)
        do {
            try await link.publish(publication)
            return true
        } catch {
            return try await publishElsewhere(publication, response, after: error)
        }
    }

    /// How a response is published at first.
    ///
    /// - Parameter isVerdict: Whether the answer is given in the exchange's name, and not by the owner of the mailbox.
    func publication(
        of response: Response,
        replyTo: String?,
        isVerdict: Bool = false
    ) throws(ExchangeError) -> Publication {
        var (properties, body) = try Envelope.encode(.response(response), replyTo: nil)
        link.complete(&properties)
        let session = replyTo.flatMap { $0.hasPrefix(names.sessionPrefix) ? $0 : nil }
        let key = session ?? names.mailboxKey(of: response.destination)
        return Publication(
            exchange: names.exchange(of: key),
            routingKey: isVerdict ? names.verdict(key) : key,
            properties: properties,
            body: body,
            mandatory: true
        )
    }

    /// Publishes a response where it may be taken, after it was not taken where it was published at first.
    ///
    /// - Returns: As ``publish(_:replyTo:)``.
    func publishElsewhere(
        _ publication: Publication,
        _ response: Response,
        after error: AMQPError
    ) async throws(ExchangeError) -> Bool {
        let key = names.mailboxKey(of: response.destination)
        let mailbox = publication.routingKey.hasSuffix(ExchangeNames.verdictSuffix) ? names.verdict(key) : key
        if publication.routingKey != mailbox {
            do throws(ExchangeError) {
                try await checkUnroutable(error, response)
            } catch {
                // A queue without a limit takes nothing: its node went down this moment.
                guard error.code == .mailboxFull else { throw error }
            }
            var publication = publication
            publication.exchange = names.exchange(of: key)
            publication.routingKey = mailbox
            do throws(AMQPError) {
                try await link.publish(publication)
                return true
            } catch {
                return try await publishElsewhere(publication, response, after: error)
            }
        }
        try await checkUnroutable(error, response)
        // The mailbox may be there, and only the way to it be missing.
        guard try await restoreWay(to: response.destination) else { return false }
        do throws(AMQPError) {
            try await link.publish(publication)
            return true
        } catch {
            try await checkUnroutable(error, response)
            return false
        }
    }

    /// - Throws: What became of the response, unless it was returned.
    private func checkUnroutable(_ error: AMQPError, _ response: Response) async throws(ExchangeError) {
        if error.code == .unroutable { return }
        if error.code == .nacked { await link.renewChannel() }
        throw ExchangeError(error, "the answer was not delivered", entity: response.destination)
    }

    /// Puts a message aside that nothing can be done with, with the reason, and then acknowledges it.
    func park(_ delivery: Delivery, _ reason: String) async {
        await persist(with: delivery) { await parkOnce(delivery, reason) }
    }

    /// As ``park(_:_:)``, with one try. Returns `false` when that failed.
    func parkOnce(_ delivery: Delivery, _ reason: String) async -> Bool {
        var properties = delivery.properties.forMoving()
        // What the connection calls a message is unique there only, and parked messages come from many.
        if properties.messageID?.hasPrefix("warren-") ?? true { properties.messageID = UUID().lowercased }
        // Since when it is there, where its sender did not say when it was sent.
        if properties.timestamp == nil { properties.timestamp = Date.now.amqpTimestamp }
        properties.headers[Header.reason] = "malformed"
        properties.headers[Header.detail] = .string(reason)
        properties.headers[Header.queue] = .string(delivery.routingKey)
        link.logger.warning("a message was parked", metadata: .init(keys: [.reason: reason, .queue: names.parked]))
        do throws(AMQPError) {
            do throws(AMQPError) {
                if delivery.omittedBytes > 0 {
                    let size = "its \(delivery.omittedBytes) bytes are more than this session takes, and were not kept"
                    properties.headers[Header.detail] = .string("\(size): \(reason)")
                }
                try await publishDeadLetter(properties, delivery.body, ExchangeNames.DeadLetterKey.parked)
            } catch let error where error.isAboutTheMessage {
                try await parkInParts(delivery, properties, reason)
            }
            link.metrics.count(.parked)
            delivery.acknowledge()
            return true
        } catch {
            return false
        }
    }

    /// Parks as much of a message as the broker takes.
    private func parkInParts(
        _ delivery: Delivery,
        _ properties: MessageProperties,
        _ reason: String
    ) async throws(AMQPError) {
        var (properties, body) = (properties, delivery.body)
        if let limit = link.largestBody, body.count > limit {
            let detail = "its \(body.count) bytes are more than the broker takes, and were not kept: \(reason)"
            properties.headers[Header.detail] = .string(detail)
            body = Data()
        } else {
            properties = MessageProperties()
            properties.headers = [
                Header.reason: "malformed",
                Header.detail: .string("its headers could not be kept: \(reason)"),
                Header.queue: .string(delivery.routingKey),
            ]
        }
        try await publishDeadLetter(properties, body, ExchangeNames.DeadLetterKey.parked)
    }

    /// Publishes to the dead-letter exchange.
    func publishDeadLetter(_ properties: MessageProperties, _ body: Data, _ key: String) async throws(AMQPError) {
        let publication = Publication(
            exchange: names.deadLetters,
            routingKey: key,
            properties: properties,
            body: body,
            mandatory: true
        )
        do throws(AMQPError) {
            try await link.publish(publication, signed: false)
        } catch {
            if error.code == .nacked { await link.renewChannel() }
            throw error
        }
    }
}
