internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

extension RabbitMQTransport {
    /// Takes a delivery on any thread. Returns `false` when the broker must be asked first.
    func takeAtOnce(_ delivery: Delivery) -> Bool {
        // From an ended channel: the message is delivered again, and that delivery is to be acknowledged.
        guard delivery.channel.isOpen else { return true }
        guard !(delivery.redelivered && notes != nil), session.knowsSender(of: delivery.properties) else {
            return false
        }
        prove()
        if let message = read(delivery) { take(message, delivery) }
        return true
    }

    /// Takes a delivery after asking the broker for the missing facts.
    func takeLater(_ delivery: Delivery) async {
        guard delivery.channel.isOpen else { return }
        let isSenderLearned = await session.learnSender(of: delivery.properties)
        prove()
        guard var message = read(delivery) else { return }
        if !isSenderLearned, case .request(let request) = message, !isTerminated, !held.withLock({ $0.knows(request) })
        {
            refuse { await $0.answer($0.unknownSenderAnswer(to: request), delivery) }
            return
        }
        if case .request(var request) = message, !isTerminated, delivery.redelivered, let notes,
            !held.withLock({ $0.knows(request) })
        {
            request.attempt = await notes.next(of: request)
            message = .request(request)
        }
        take(message, delivery)
    }

    /// Returns the delivered request or response. Every other delivery is handled here.
    private func read(_ delivery: Delivery) -> Message? {
        if let control = ControlMessage(delivery.properties) {
            delivery.acknowledge()
            if control.kind == .probe, control.replyTo != link.replyTo {
                session.startHint { await self.session.reply(.inUse, to: control) }
            }
            return nil
        }
        do throws(Envelope.Malformed) {
            let message = try Envelope.decode(
                delivery.properties,
                body: delivery.body,
                redelivered: delivery.redelivered,
                receiver: mailboxID,
                principal: session.principal(of: delivery.properties)
            ).checked(delivery)
            guard message.destination == mailboxID else {
                throw Envelope.Malformed(reason: "it is addressed to \(message.destination)", request: nil)
            }
            if case .notice = message {
                throw Envelope.Malformed(reason: "a notice does not belong in a mailbox", request: nil)
            }
            if case .request(let request) = message, delivery.omittedBytes > 0 {
                let answer = request.error(.messageTooLarge, delivery.omission)
                refuse { await $0.answer(answer, delivery) }
                return nil
            }
            return message
        } catch {
            refuse { await $0.refuse(delivery, error) }
            return nil
        }
    }

    private func take(_ message: Message, _ delivery: Delivery) {
        switch message {
        case .notice: break
        case .response(let response):
            if !session.refuses(response, delivery) { put(response) }
            delivery.acknowledge()
        case .request(let request):
            take(request, delivery)
        }
    }

    private func take(_ request: Request, _ delivery: Delivery) {
        if isTerminated {
            refuse { await $0.answerTerminated(request, delivery) }
            return
        }
        if let refusal = session.refusal(ofSenderOf: request, userID: delivery.properties.userID) {
            refuse { await $0.answer(refusal, delivery) }
            return
        }
        let limit = link.configuration.redeliveryLimit
        if request.attempt - 1 > limit, !held.withLock({ $0.knows(request) }) {
            refuse { await $0.giveUp(request, delivery) }
            return
        }
        let taken = held.withLock { held in
            held.take(
                request,
                replyTo: ReplyWay(delivery.properties),
                receipt: delivery,
                isCopy: Envelope.isCopy(delivery.properties)
            )
        }
        switch taken {
        case .new(let request): inbox.put(.request(request))
        case .waits: break
        case .copy(let first): first?.acknowledge()
        case .late, .answered(nil): delivery.acknowledge()
        case .answered(let response?): refuse { await $0.answer(response, delivery) }
        }
    }

    /// Forgets requests that arrived on an ended channel and were not handed to a handler: the broker delivers them
    /// again, to this receiver or to a standby. Handlers keep the requests that they have.
    func forgetUnread() {
        inbox.removeRequests { request in
            held.withLock { $0.forget(request) { !$0.channel.isOpen } }
        }
        held.withLock { $0.forgetWaiting { !$0.channel.isOpen } }
        handOutNext()
    }

    /// Hands out requests that waited because too many were held.
    func handOutNext() {
        while let request = held.withLock({ $0.next() }) { inbox.put(.request(request)) }
    }

    /// Lets go of a terminated mailbox: answers all received and unanswered requests, and stops consuming. Returns when
    /// nothing is held. Later calls wait for the first.
    func letGo() async {
        guard markTerminated() else {
            await lettingGo.wait(until: .now + link.patience)
            return
        }
        defer { lettingGo.end() }
        let deadline = link.deadline
        let receiver = takeReceiver()
        // Taken before the handlers learn of the end, so that they can no longer answer these requests.
        let unanswered = held.withLock { $0.takeUnanswered() }
        inbox.end(ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: mailboxID))
        await answerTerminated(unanswered)
        for delivery in await stop(receiver, deadline) {
            refuse { [mailboxID] in await $0.refuseTerminated(delivery, mailboxID) }
        }
        // Deliveries that were being taken while the mailbox ended.
        await answerTerminated(held.withLock { $0.takeUnanswered() })
        await settle()
        // A concurrent detach may hold deliveries from before the end, which it then answers.
        await detaching.wait(until: .now + link.patience)
        for delivery in await flush(receiver, deadline) { delivery.reject(requeue: true) }
        await close(receiver, deadline)
    }

    /// Answers received and unanswered requests of a terminated mailbox.
    private func answerTerminated(_ unanswered: [HeldRequests<Delivery>.Held]) async {
        await withDiscardingTaskGroup { group in
            for entry in unanswered {
                group.addTask { await self.session.answerTerminated(entry) }
            }
        }
    }

    /// Stops consuming and gives the unanswered requests back to the mailbox, in order. Ends within the limit of one
    /// operation, plus the time of answers in progress.
    func detach() async {
        let deadline = link.deadline
        detaching.begin()
        let receiver = takeReceiver()
        let stopped = await stop(receiver, deadline)
        await settle()
        // Flushed before anything is given back: the flushed deliveries belong behind that.
        let left = stopped + (await flush(receiver, deadline))
        let unanswered = held.withLock { $0.takeUnanswered() }
        // Without a connection the broker has already taken them back.
        if link.isConnected, isTerminated || session.directory.known(mailboxID) == .terminated {
            // The mailbox may already be drained; a request given back would be lost with its queue.
            await answerTerminated(unanswered)
            for delivery in left { refuse { [mailboxID] in await $0.refuseTerminated(delivery, mailboxID) } }
            await settle()
        } else {
            for entry in unanswered { entry.receipt?.reject(requeue: true) }
            for delivery in left { delivery.reject(requeue: true) }
        }
        detaching.end()
        await close(receiver, deadline)
    }

    /// Cancels a consumer. Returns its deliveries that were not taken.
    private func stop(_ receiver: Receiver?, _ deadline: Deadline) async -> [Delivery] {
        guard let receiver, receiver.connection.isOpen else { return [] }
        return await receiver.stop(deadline)
    }

    /// Closes the consumer's channel unless it is shared, and removes the binding of control messages.
    private func close(_ receiver: Receiver?, _ deadline: Deadline) async {
        // Without a connection the broker has taken everything back, and the binding is harmless.
        guard let receiver, receiver.connection.isOpen else { return }
        await receiver.place.leave(deadline: deadline)
        session.remove(self)
        guard link.isConnected, session.transports(of: mailboxID).isEmpty else { return }
        let way = session.names.binding(of: link.answers.name, to: session.names.controlKey(of: mailboxID))
        try? await link.declare("can't remove a binding") { (channel) throws(AMQPError) in
            try await channel.unbindQueue(way.queue, from: way.exchange, routingKey: way.key, deadline: deadline)
        }
        // Another transport may have bound it meanwhile.
        if !session.transports(of: mailboxID).isEmpty { try? await bindControl() }
    }

    /// Waits until a quorum queue has processed the acknowledgements on a channel that is about to be closed.
    ///
    /// The broker's channel sends such a queue 32 commands at a time and delays the others. When it is closed, it drops
    /// the delayed ones, and their messages are delivered again. The queue itself answers the start and the
    /// cancellation of a consumer: the first answer follows the commands already sent, the second the delayed ones.
    /// Without credit the consumer gets nothing; RabbitMQ 4 has no credit and may deliver one message.
    ///
    /// - Returns: The consumer's deliveries, to be given back after all earlier ones.
    private func flush(_ receiver: Receiver?, _ deadline: Deadline) async -> [Delivery] {
        guard notes == nil, let receiver, receiver.connection.isOpen, !receiver.place.isShared else { return [] }
        let declaration = ConsumerDeclaration(
            queue: session.names.queue(of: mailboxID),
            tag: "flush.\(link.sessionID.lowercased)",
            prefetch: 1,
            arguments: ["x-credit": .table(["credit": .int64(0), "drain": .bool(false)])]
        )
        let channel = receiver.place.channel
        return (try? await channel.consume(declaration, deadline: deadline).cancel(deadline: deadline)) ?? []
    }
}
