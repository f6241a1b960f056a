internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging

/// Publishes responses, parked messages and dead letters.
extension Session {
    /// Publishes a response to the session queue in the request, else to the requester's mailbox.
    ///
    /// - Returns: `false` when it had no recipient, not even the requester's mailbox.
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

    /// Returns the first publication of a response.
    ///
    /// - Parameter isVerdict: Whether the answer is given in the exchange's name, rather than by the owner of the
    ///   mailbox.
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

    /// Publishes a response again where it may be accepted, after the first publication was not.
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
                // A queue without a limit refused: its node went down at this moment.
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
        // The mailbox may exist, and only its binding be missing.
        guard try await restoreWay(to: response.destination) else { return false }
        do throws(AMQPError) {
            try await link.publish(publication)
            return true
        } catch {
            try await checkUnroutable(error, response)
            return false
        }
    }

    /// - Throws: The outcome of the response, unless it was returned.
    private func checkUnroutable(_ error: AMQPError, _ response: Response) async throws(ExchangeError) {
        if error.code == .unroutable { return }
        if error.code == .nacked { await link.renewChannel() }
        throw ExchangeError(error, "the answer was not delivered", entity: response.destination)
    }

    /// Parks a message that can't be processed, with the reason, and then acknowledges it.
    func park(_ delivery: Delivery, _ reason: String) async {
        await persist(with: delivery) { await parkOnce(delivery, reason) }
    }

    /// Parks a message with one attempt. Returns `false` when that failed.
    func parkOnce(_ delivery: Delivery, _ reason: String) async -> Bool {
        var properties = delivery.properties.forMoving()
        // A message id of a connection is unique only there, and parked messages come from many.
        if properties.messageID?.hasPrefix("warren-") ?? true { properties.messageID = UUID().lowercased }
        // The time of parking, if the sender gave no time.
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

    /// Parks as much of a message as the broker accepts.
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
