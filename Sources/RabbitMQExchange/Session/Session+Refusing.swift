internal import AMQP
internal import AgentExchange
internal import Logging

/// Deliveries that are not handed to anybody: each is answered, parked or dropped, then acknowledged. What could not be
/// answered goes back to its queue.
extension Session {
    /// Answers a request whose mailbox was terminated.
    func answerTerminated(_ request: Request, _ delivery: Delivery) async {
        await answer(request.error(.mailboxTerminated, "the mailbox was terminated"), delivery)
    }

    /// Answers a held request whose mailbox was terminated. There is no delivery while a copy of it is in the mailbox, which
    /// the drain finds.
    func answerTerminated(_ held: HeldRequests<Delivery>.Held) async {
        guard let delivery = held.receipt else {
            let response = held.request.error(.mailboxTerminated, "the mailbox was terminated")
            _ = try? await publish(response, replyTo: held.replyTo)
            return
        }
        await answerTerminated(held.request, delivery)
    }

    /// Answers a request that was handed out too often.
    func giveUp(_ request: Request, _ delivery: Delivery) async {
        link.logger.warning("a request was given up", metadata: .init(.request(request)))
        link.metrics.count(.deadLetters, [.reason(DeadLetterReason.deliveryLimit.rawValue)])
        await answer(request.error(DeadLetterReason.deliveryLimit.failure), delivery)
    }

    /// A delivery that came after the mailbox was terminated: a request is answered, a response dropped.
    func refuseTerminated(_ delivery: Delivery, _ mailbox: EntityID) async {
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

    /// A delivery that can't be understood: answered with an error where it says who asks, else parked.
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

    /// A request that its mailbox did not keep is answered.
    func logAnswer(to request: Request, _ reason: DeadLetterReason) {
        link.logger.info(
            "a dead letter is answered",
            metadata: .init(.request(request)).merging([LogKey.reason.rawValue: "\(reason.rawValue)"]) { $1 }
        )
    }

    /// Publishes an answer and acknowledges the request. A requester that is gone needs none.
    ///
    /// - Parameter isVerdict: Whether it is given in the exchange's name: the request is a dead letter.
    func answer(_ response: Response, _ delivery: Delivery, isVerdict: Bool = false) async {
        do throws(ExchangeError) {
            let replyTo = delivery.properties.replyTo
            let isDelivered = try await publish(response, replyTo: replyTo, isVerdict: isVerdict)
            if !isDelivered {
                link.logger.debug("a requester is gone", metadata: .init(.response(response)))
            }
            TerminationStep.reached(.answered)
            delivery.acknowledge()
        } catch let error where error.isAboutTheMessage {
            if let small = response.replaced(by: Failure(error.code, error.message)) {
                await answer(small, delivery)
            } else {
                await park(delivery, "it can't be answered: \(error.message)")
            }
        } catch {
            link.logger.error(
                "an answer could not be sent",
                metadata: .init(.response(response)).merging([LogKey.error.rawValue: "\(error)"]) { $1 }
            )
            await giveBack(delivery)
        }
    }

    /// Gives a delivery back to its queue, after a moment: it comes again at once, and what could not be done a moment ago
    /// can't be done now.
    func giveBack(_ delivery: Delivery) async {
        try? await Task.sleep(for: .seconds(1))
        delivery.reject(requeue: true)
    }
}
