internal import AMQP
internal import AgentExchange

/// Settles the messages of a terminated mailbox.
extension Drain {
    /// Answers a request, and drops events and responses, which have no recipient. Returns `false` when the message was given back
    /// to the mailbox.
    func settle(_ delivery: Delivery) async -> Bool {
        if let kind = delivery.properties.type.map(MessageKind.init(rawValue:)), kind.isResponse || kind == .event {
            delivery.acknowledge()
            return true
        }
        if await answer(delivery) { return true }
        return await move(delivery)
    }

    /// Answers a request, if the requester's session or mailbox accepts the answer at the first attempt. Other requests
    /// go to the dead letters, which are answered without delaying the drain.
    private func answer(_ delivery: Delivery) async -> Bool {
        let (properties, body) = (delivery.properties, delivery.body)
        guard case .request(let request)? = try? Envelope.decode(properties, body: body, receiver: id),
            let answer = try? session.link.publication(
                of: request.error(DeadLetterReason.terminated.failure),
                to: ReplyWay(properties, in: session.names),
                // A user that closes answers in its own name.
                isVerdict: id.wall == nil || id.wall != session.link.wall
            )
        else { return false }
        do throws(AMQPError) {
            try await session.link.publish(answer)
        } catch {
            if error.code == .nacked { await session.link.renewChannel() }
            return false
        }
        TerminationStep.reached(.moved)
        session.link.metrics.count(.deadLetters, [.reason(DeadLetterReason.terminated.rawValue)])
        session.settlement.logAnswer(to: request, .terminated)
        delivery.acknowledge()
        return true
    }

    /// Moves a request to the dead letters. Returns `false` when the message was given back to the mailbox.
    private func move(_ delivery: Delivery) async -> Bool {
        if delivery.omittedBytes > 0 {
            // Only the broker has its body.
            delivery.reject(requeue: false)
            return true
        }
        var properties = delivery.properties.forMoving()
        properties.headers[Header.reason] = .string(DeadLetterReason.terminated.rawValue)
        properties.headers[Header.queue] = .string(queue)
        do throws(AMQPError) {
            try await session.settlement.publishDeadLetter(
                properties,
                delivery.body,
                ExchangeNames.DeadLetterKey.unanswered
            )
            TerminationStep.reached(.moved)
            delivery.acknowledge()
            return true
        } catch let error where error.isAboutTheMessage {
            let reason = "its headers have no room for the reason \(DeadLetterReason.terminated.rawValue)"
            if await session.settlement.parkOnce(delivery, reason) { return true }
        } catch {}
        delivery.reject(requeue: true)
        return false
    }
}
