internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging

/// Settles deliveries that are not handed out: each is answered, parked or dropped, then acknowledged. A delivery that
/// could not be answered goes back to its queue.
struct DeliverySettlement: Sendable {
    let link: BrokerLink
    let responses: ResponsePublisher
    /// Ends the direct way to a session.
    let cut: @Sendable (UUID) -> Void

    private var names: ExchangeNames { link.names }

    /// Answers a request to a terminated mailbox.
    func answerTerminated(_ request: Request, _ delivery: Delivery) async {
        // The drain handles requests that can't be answered now.
        if await !answerOnce(request.error(.mailboxTerminated, "the mailbox was terminated"), delivery) {
            try? await Task.sleep(for: .seconds(1))
            delivery.reject(requeue: true)
        }
    }

    /// Answers a held request to a terminated mailbox. It has no receipt while a copy is in the mailbox; the drain
    /// finds that copy.
    func answerTerminated(_ held: HeldRequests<Receipt>.Held) async {
        // The events of a terminated slot are dropped.
        if held.request.isEvent {
            held.receipt?.settle()
            return
        }
        switch held.receipt {
        case .delivery(let delivery)?:
            await answerTerminated(held.request, delivery)
        case .direct(let hold)?:
            let response = held.request.error(.mailboxTerminated, "the mailbox was terminated")
            // Without an answer the requester publishes the request when the direct way ends, and learns of the end.
            if (try? await responses.publish(response, to: held.way)) == nil { cut(hold.peer) }
        case nil:
            let response = held.request.error(.mailboxTerminated, "the mailbox was terminated")
            _ = try? await responses.publish(response, to: held.way)
        }
    }

    /// Answers a request that was delivered too often.
    func giveUp(_ request: Request, _ delivery: Delivery) async {
        link.logger.warning("a request was given up", metadata: .init(.request(request)))
        link.metrics.count(.deadLetters, [.reason(DeadLetterReason.deliveryLimit.rawValue)])
        await answer(request.error(DeadLetterReason.deliveryLimit.failure), delivery)
    }

    /// Handles a delivery that arrived after the termination of its mailbox: answers a request, drops a response or an event.
    func refuseTerminated(_ delivery: Delivery, _ mailbox: EntityID) async {
        if Envelope.isEvent(delivery.properties) {
            delivery.acknowledge()
            return
        }
        do throws(Envelope.Malformed) {
            switch try Envelope.decode(delivery.properties, body: delivery.body, receiver: mailbox) {
            case .request(let request): await answerTerminated(request, delivery)
            case .response, .notice: delivery.acknowledge()
            }
        } catch {
            if ControlMessage(delivery.properties) != nil {
                delivery.acknowledge()
            } else {
                await refuse(delivery, error)
            }
        }
    }

    /// Answers a malformed delivery with an error if it names a requester, else parks it.
    func refuse(_ delivery: Delivery, _ malformed: Envelope.Malformed, isVerdict: Bool = false) async {
        guard let request = malformed.request else {
            await park(delivery, malformed.reason)
            return
        }
        link.logger.warning(
            "a request was refused",
            metadata: .init(.request(request)).merging([LogKey.reason.rawValue: "\(malformed.reason)"]) { $1 }
        )
        await answer(request.error(.invalidMessage, malformed.reason), delivery, isVerdict: isVerdict)
    }

    /// Logs the answer to a request that its mailbox did not keep.
    func logAnswer(to request: Request, _ reason: DeadLetterReason) {
        link.logger.info(
            "a dead letter is answered",
            metadata: .init(.request(request)).merging([LogKey.reason.rawValue: "\(reason.rawValue)"]) { $1 }
        )
    }

    /// Publishes an answer and acknowledges the request. A missing requester needs none.
    ///
    /// - Parameter isVerdict: Whether it is given in the exchange's name, because the request is a dead letter.
    func answer(_ response: Response, _ delivery: Delivery, isVerdict: Bool = false) async {
        await persist(with: delivery) { await answerOnce(response, delivery, isVerdict: isVerdict) }
    }

    /// Publishes an answer and acknowledges the request, or parks it. Returns `false` when neither is possible now.
    private func answerOnce(_ response: Response, _ delivery: Delivery, isVerdict: Bool = false) async -> Bool {
        do throws(ExchangeError) {
            let way = ReplyWay(delivery.properties, in: names)
            let isDelivered = try await responses.publish(response, to: way, isVerdict: isVerdict)
            if !isDelivered {
                link.logger.debug("a requester is gone", metadata: .init(.response(response)))
            }
            TerminationStep.reached(.answered)
            delivery.acknowledge()
            return true
        } catch let error where error.isAboutTheMessage {
            if let small = response.replaced(by: Failure(error.code, error.message)) {
                return await answerOnce(small, delivery, isVerdict: isVerdict)
            }
            return await parkOnce(delivery, "it can't be answered: \(error.message)")
        } catch {
            link.logger.error(
                "an answer could not be sent",
                metadata: .init(.response(response)).merging([LogKey.error.rawValue: "\(error)"]) { $1 }
            )
            return false
        }
    }

    /// Repeats an attempt to handle a delivery until it succeeds, with growing pauses.
    ///
    /// The delivery is held meanwhile. A delivery given back would return at once, and the broker counts each time. So
    /// it is given back only when it was held so long that the broker might close the channel, or when the session
    /// ends.
    ///
    /// - Parameter attempt: Settles the delivery, or returns `false` to be called again.
    func persist(with delivery: Delivery, _ attempt: () async -> Bool) async {
        let limit = (link.configuration.acknowledgementTimeout ?? .seconds(1200)) / 4
        let end = ContinuousClock.now + min(limit, .seconds(300))
        var pause = link.pause()
        while delivery.channel.isOpen {
            if await attempt() { return }
            guard .now < end, !Task.isCancelled else { break }
            await pause.next()
        }
        await giveBack(delivery)
    }

    /// Gives a delivery back to its queue. One from the dead letters of older versions goes to the current queue, which
    /// has no limit, because RabbitMQ 4 drops it after 20 returns.
    func giveBack(_ delivery: Delivery) async {
        let isOlder = delivery.exchange == names.deadLetters && delivery.routingKey == ExchangeNames.DeadLetterKey.older
        guard isOlder, delivery.channel.isOpen, delivery.omittedBytes == 0 else {
            delivery.reject(requeue: true)
            return
        }
        do throws(AMQPError) {
            try await publishDeadLetter(
                delivery.properties.forMoving(),
                delivery.body,
                ExchangeNames.DeadLetterKey.unanswered
            )
            delivery.acknowledge()
        } catch {
            delivery.reject(requeue: true)
        }
    }

    // MARK: Parking

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

    /// Publishes to the dead-letter exchange, unsigned: it is another sender's message.
    func publishDeadLetter(_ properties: MessageProperties, _ body: Data, _ key: String) async throws(AMQPError) {
        let publication = Publication(
            exchange: names.deadLetters,
            routingKey: key,
            properties: properties,
            body: body,
            mandatory: true
        )
        do throws(AMQPError) {
            try await SharedPublications(link: link).publish(
                publication,
                by: link.publications,
                deadline: link.deadline
            )
        } catch {
            if error.code == .nacked { await link.renewChannel() }
            throw error
        }
    }
}
