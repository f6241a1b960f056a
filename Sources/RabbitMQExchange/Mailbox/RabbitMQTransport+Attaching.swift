internal import AMQP
internal import AgentExchange
internal import Foundation

extension RabbitMQTransport {
    /// Opens a mailbox. The broker serves one consumer at a time; this makes sure that it is the new one.
    ///
    /// - Parameters:
    ///   - isNew: Whether the mailbox was just made, so that it can have no other receiver.
    ///   - mode: Whether to stand by for another consumer.
    ///   - requestLimit: The number of requests handed out before one is answered, if lower than the exchange's.
    /// - Throws: ``ExchangeError/Code/mailboxInUse``, ``ExchangeError/Code/unavailable``.
    static func attach(
        to id: EntityID,
        isNew: Bool,
        mode: AttachMode = .exclusive,
        requestLimit: Int? = nil,
        lease: Lease,
        factory: RabbitMQExchange
    ) async throws(ExchangeError) -> RabbitMQTransport {
        let transport = RabbitMQTransport(
            mailboxID: id,
            mode: mode,
            requestLimit: requestLimit,
            lease: lease,
            exchange: factory
        )
        try lease.session.add(transport, mode: mode)
        do {
            let mustProve = !isNew && mode == .exclusive
            if mustProve { try await Claim(session: lease.session, id: id).make() }
            try await transport.bindControl()
            let probe = ControlMessage(.probe, mailbox: id, replyTo: lease.session.link.replyTo)
            let proof = lease.session.desk.expect(probe.id)
            defer { lease.session.desk.forget(probe.id) }
            try await transport.consume(proof: proof)
            if mustProve { try await transport.prove(probe, proof) }
            if mode == .exclusive { transport.prove() }
            return transport
        } catch {
            await transport.detach()
            lease.session.remove(transport)
            throw error
        }
    }

    /// Binds control messages about the mailbox to this session.
    func bindControl() async throws(ExchangeError) {
        let deadline = link.deadline
        let way = session.names.binding(of: link.answers.name, to: session.names.controlKey(of: mailboxID))
        try await link.declare("can't open the mailbox", entity: mailboxID) { (channel) throws(AMQPError) in
            try await channel.bindQueue(way.queue, to: way.exchange, routingKey: way.key, deadline: deadline)
        }
    }

    private func consume(proof: Signal<ControlMessage.Kind>) async throws(ExchangeError) {
        do {
            try await link.consumer.perform(deadline: link.deadline) { (connection) throws(AMQPError) in
                try await consume(on: connection, proof: proof)
            }
        } catch {
            throw ExchangeError(error, "can't receive from the mailbox", entity: mailboxID)
        }
    }

    /// Starts a consumer. Does nothing when the transport has let go of the mailbox.
    func consume(on connection: Connection, proof: Signal<ControlMessage.Kind>?) async throws(AMQPError) {
        let declaration = ConsumerDeclaration(
            queue: session.names.queue(of: mailboxID),
            tag: session.names.consumerTag(of: mailboxID, session: link.sessionID),
            prefetch: prefetch
        )
        let place = try await session.channels.place(for: mailboxID, on: connection, deadline: link.deadline)
        let receiver = Receiver(self, on: place)
        do {
            try await receiver.start(declaration, deadline: link.deadline)
        } catch {
            for delivery in receiver.takeWaiting() { delivery.reject(requeue: true) }
            await place.leave(deadline: link.deadline)
            throw error
        }
        guard begin(receiver, proof: proof) else {
            for delivery in await receiver.stop(link.deadline) { delivery.reject(requeue: true) }
            await place.leave(deadline: link.deadline)
            return
        }
        receiver.begin()
    }

    /// Sends a message to the mailbox itself and waits for it, or for any other delivery that proves that the broker
    /// serves this consumer. Another consumer that gets it answers that the mailbox is in use.
    private func prove(_ probe: ControlMessage, _ proof: Signal<ControlMessage.Kind>) async throws(ExchangeError) {
        do {
            _ = try await link.publish(probe, key: session.names.mailboxKey(of: mailboxID))
        } catch let error where error.code != .nacked {
            throw ExchangeError(error, "can't open the mailbox", entity: mailboxID)
        } catch {
            // The mailbox is full, so there is a message to be delivered.
        }
        switch await proof.wait(until: .now + .seconds(5)) {
        case .probe?: return
        case nil where Task.isCancelled:
            throw ExchangeError(.cancelled, "the calling task was cancelled", entity: mailboxID)
        default:
            throw ExchangeError(.mailboxInUse, "the broker serves another consumer of the mailbox", entity: mailboxID)
        }
    }
}
