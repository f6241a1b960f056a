internal import AMQP
internal import AgentExchange
internal import Logging

/// Answers the requests that were not answered in their mailbox. Every session runs one; the broker distributes the
/// dead letters among them.
struct DeadLetterConsumer: Sendable {
    let session: Session

    /// Called with each handled dead letter.
    var report: (@Sendable (DeadLetter) -> Void)?

    /// Runs until the consumer ends, and returns the reason. The prefetch limits the number of letters handled at a
    /// time.
    ///
    /// - Parameter untilMarked: Called when a marker without a reply address arrives, after which the consumer takes no
    ///   more: the queue is about to be removed. By default markers are dropped.
    func run(_ consumer: Consumer, untilMarked: (@Sendable () -> Void)? = nil) async -> AMQPError? {
        let (error, isMarked) = await withDiscardingTaskGroup(returning: (AMQPError?, Bool).self) { group in
            do throws(AMQPError) {
                for try await delivery in consumer {
                    if untilMarked != nil, let control = ControlMessage(delivery.properties), control.replyTo == nil {
                        delivery.acknowledge()
                        let left = try await consumer.cancel(deadline: session.link.deadline)
                        for delivery in left { delivery.reject(requeue: true) }
                        return (nil, true)
                    }
                    group.addTask { await self.handle(delivery) }
                }
                return (nil, false)
            } catch {
                return (error, false)
            }
        }
        guard isMarked else { return error }
        untilMarked?()
        // Closed after its deliveries are settled, so that it holds nothing of the queue.
        try? await consumer.channel.close(deadline: session.link.deadline)
        return nil
    }

    private func handle(_ delivery: Delivery) async {
        if let control = ControlMessage(delivery.properties) {
            // A drain asks whether all dead letters of its mailbox are here.
            if control.kind == .marker { await session.receiver.reply(.marker, to: control) }
            delivery.acknowledge()
            return
        }
        guard let reason = DeadLetterReason(delivery.properties.headers) else {
            await session.settlement.park(delivery, "it is a dead letter without a known reason")
            tell("malformed", .parked, nil)
            return
        }
        session.link.metrics.count(.deadLetters, [.reason(reason.rawValue)])
        if Envelope.isEvent(delivery.properties) {
            await handle(delivery, reason)
            return
        }
        do throws(Envelope.Malformed) {
            let headers = delivery.properties.headers
            let queue = (headers[Header.queue] ?? headers[Header.firstDeathQueue])?.stringValue
            let mailbox = queue.flatMap { session.names.entity(ofQueue: $0) }
            switch try Envelope.decode(delivery.properties, body: delivery.body, receiver: mailbox) {
            case .request(let request) where request.isRepeated && reason == .terminated:
                // The end of a series has no requester.
                delivery.acknowledge()
                tell(reason.rawValue, .dropped, .request(request))
            case .request(let request):
                session.settlement.logAnswer(to: request, reason)
                await session.settlement.answer(request.error(reason.failure), delivery, isVerdict: true)
                tell(reason.rawValue, .answered, .request(request))
            case .response(let response):
                delivery.acknowledge()
                tell(reason.rawValue, .dropped, .response(response))
            case .notice:
                delivery.acknowledge()
            }
        } catch {
            await session.settlement.refuse(delivery, error, isVerdict: true)
            tell("malformed", error.request == nil ? .parked : .answered, error.request.map { .request($0) })
        }
    }

    /// Handles an event, which has no answer: one of a terminated slot is dropped, every other one is parked.
    private func handle(_ event: Delivery, _ reason: DeadLetterReason) async {
        switch reason {
        case .terminated, .rejected:
            event.acknowledge()
            tell(reason.rawValue, .dropped, nil)
        case .expired, .deliveryLimit, .overflow:
            await session.settlement.park(event, "an event that was not handled: \(reason.rawValue)")
            tell(reason.rawValue, .parked, nil)
        }
    }

    private func tell(_ reason: String, _ outcome: DeadLetter.Outcome, _ message: Message?) {
        report?(
            DeadLetter(
                reason: reason,
                outcome: outcome,
                kind: message?.kind,
                source: message?.source,
                destination: message?.destination,
                tag: message?.tag
            )
        )
    }
}
