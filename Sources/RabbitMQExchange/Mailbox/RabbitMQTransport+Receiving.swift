internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

extension RabbitMQTransport {
    /// Takes deliveries from the mailbox until its consumer ends. When that was not this process's doing, and not the end
    /// of the connection, it is started again.
    func run(_ receiver: Receiver) async {
        var end: AMQPError?
        do throws(AMQPError) {
            for try await delivery in receiver.consumer { take(delivery) }
        } catch {
            end = error
        }
        receiver.stopped.send(())
        if let end, receiver.connection.isOpen { await restart(on: receiver.connection, after: end) }
    }

    private func take(_ delivery: Delivery) {
        prove()
        if let control = ControlMessage(delivery.properties) {
            delivery.acknowledge()
            if control.kind == .probe, control.replyTo != link.replyTo {
                session.background.start { await self.session.reply(.inUse, to: control) }
            }
            return
        }
        do throws(Envelope.Malformed) {
            let message = try Envelope.decode(
                delivery.properties,
                body: delivery.body,
                redelivered: delivery.redelivered,
                receiver: mailboxID
            )
            guard message.destination == mailboxID else {
                throw Envelope.Malformed(reason: "it is addressed to \(message.destination)", request: nil)
            }
            switch message {
            case .notice:
                throw Envelope.Malformed(reason: "a notice does not belong in a mailbox", request: nil)
            case .response(let response):
                put(response)
                delivery.acknowledge()
            case .request(let request):
                take(request, delivery)
            }
        } catch {
            refuse { await $0.refuse(delivery, error) }
        }
    }

    private func take(_ request: Request, _ delivery: Delivery) {
        if isTerminated {
            refuse { await $0.answerTerminated(request, delivery) }
            return
        }
        let taken = held.withLock { $0.take(request, replyTo: delivery.properties.replyTo, receipt: delivery) }
        switch taken {
        case .new: inbox.put(.request(request))
        case .copy(let first): first.acknowledge()
        case .answered: delivery.acknowledge()
        }
    }

    /// The mailbox was terminated: answers everything that was received and not answered, and stops consuming. Returns when
    /// nothing is held any more. Later calls wait for nothing.
    func letGo() async {
        guard markTerminated() else { return }
        let deadline = link.deadline
        let receiver = takeReceiver()
        // Taken before anybody hears of the end: who serves these requests can't answer them any more.
        let unanswered = held.withLock { $0.takeUnanswered() }
        inbox.end(ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: mailboxID))
        await answerTerminated(unanswered)
        for delivery in await stop(receiver, deadline) {
            refuse { [mailboxID] in await $0.refuseTerminated(delivery, mailboxID) }
        }
        // What was being taken while the mailbox ended.
        await answerTerminated(held.withLock { $0.takeUnanswered() })
        await settle()
        await close(receiver, deadline)
    }

    /// Answers what was received and not answered, because the mailbox was terminated.
    private func answerTerminated(_ unanswered: [HeldRequests<Delivery>.Held]) async {
        await withDiscardingTaskGroup { group in
            for entry in unanswered {
                group.addTask { await self.session.answerTerminated(entry.request, entry.receipt) }
            }
        }
    }

    /// Stops consuming and gives back to the mailbox what was not answered, in order. Ends within the limit of one
    /// operation, and the time that answers on their way take.
    func detach() async {
        let deadline = link.deadline
        let receiver = takeReceiver()
        let left = await stop(receiver, deadline)
        await settle()
        for entry in held.withLock({ $0.takeUnanswered() }) { entry.receipt.reject(requeue: true) }
        for delivery in left { delivery.reject(requeue: true) }
        await close(receiver, deadline)
    }

    /// Cancels a consumer. Returns what was delivered and not taken.
    private func stop(_ receiver: Receiver?, _ deadline: Deadline) async -> [Delivery] {
        guard let receiver, receiver.connection.isOpen else { return [] }
        let left = (try? await receiver.consumer.cancel(deadline: deadline)) ?? []
        _ = await receiver.stopped.wait(until: .now + deadline.remaining)
        return left
    }

    /// Closes the consumer's channel.
    ///
    /// A quorum queue may take in that a channel is gone before the last acknowledgements on it, and would hand out again
    /// what was answered. So the queue is asked something first: the answer comes after them.
    private func close(_ receiver: Receiver?, _ deadline: Deadline) async {
        // Without a connection the broker has taken everything back, and the binding only leads to nothing.
        guard let receiver, receiver.connection.isOpen else { return }
        _ = try? await link.lookAt(mailboxID)
        try? await receiver.consumer.channel.close(deadline: deadline)
        session.remove(self)
        guard link.isConnected, session.transports(of: mailboxID).isEmpty else { return }
        let (queue, exchange) = (link.replyTo, session.names.mailboxes)
        let key = session.names.controlKey(of: mailboxID)
        try? await link.declare("can't remove a binding") { (channel) throws(AMQPError) in
            try await channel.unbindQueue(queue, from: exchange, routingKey: key, deadline: deadline)
        }
        // Another transport may have come and bound it meanwhile.
        if !session.transports(of: mailboxID).isEmpty { try? await bindControl() }
    }
}
