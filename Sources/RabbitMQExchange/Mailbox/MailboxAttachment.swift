internal import AMQP
internal import AgentExchange
internal import Logging
internal import Primitives
internal import Synchronization

/// The receiving from one mailbox by this process: its consumer on the broker, from the opening until it lets go.
final class MailboxAttachment: Sendable {
    let session: Session
    /// Takes the deliveries of the consumer.
    let contents: MailboxContents
    let intake: DeliveryIntake
    /// Whether it stands by for another consumer of the mailbox. A member of a group does not.
    let mode: AttachMode
    /// Whether the entity is unregistered: it has no mailbox, and the queue of the session receives its messages.
    let isVisitor: Bool
    /// Letting go of the mailbox after its termination.
    private let lettingGo = Underway()
    /// Giving back received requests because the transport closes.
    private let detaching = Underway()
    private let state = Mutex(State())

    private struct State {
        var receiver: Receiver?
        /// Whether receiving has ended, so that no consumer is started again.
        var isDetached = false
    }

    private init(
        to id: EntityID,
        mode: AttachMode,
        requestLimit: Int? = nil,
        isMember: Bool = false,
        session: Session,
        isVisitor: Bool = false
    ) {
        let prefetch = max(1, min(requestLimit ?? .max, session.link.configuration.prefetch))
        contents = MailboxContents(of: id, prefetch: prefetch, isMember: isMember, session: session)
        intake = DeliveryIntake(contents)
        self.mode = isMember ? .exclusive : mode
        self.isVisitor = isVisitor
        self.session = session
    }

    var mailboxID: EntityID { contents.mailboxID }

    var link: BrokerLink { session.link }

    /// Whether it is one of the receivers of a work group.
    var isMember: Bool { contents.isMember }

    /// Whether it can still receive: it has not let go of the mailbox.
    var isAttached: Bool { state.withLock { !$0.isDetached } }

    // MARK: Opening

    /// Opens a mailbox. The broker serves one consumer at a time; this makes sure that it is the new one. Of a group it serves
    /// all consumers.
    ///
    /// - Parameters:
    ///   - isNew: Whether the mailbox was just made, so that it can have no other receiver.
    ///   - mode: Whether to stand by for another consumer.
    ///   - requestLimit: The number of requests handed out before one is answered, if lower than the exchange's.
    ///   - isMember: Whether the mailbox is that of a work group.
    /// - Throws: ``ExchangeError/Code/mailboxInUse``, ``ExchangeError/Code/unavailable``.
    static func open(
        _ id: EntityID,
        isNew: Bool,
        mode: AttachMode = .exclusive,
        requestLimit: Int? = nil,
        isMember: Bool = false,
        session: Session
    ) async throws(ExchangeError) -> MailboxAttachment {
        let attachment = MailboxAttachment(
            to: id,
            mode: mode,
            requestLimit: requestLimit,
            isMember: isMember,
            session: session
        )
        let mode = attachment.mode
        try session.attachments.add(attachment, isAlone: mode == .exclusive && !isMember)
        do throws(ExchangeError) {
            let mustProve = !isNew && mode == .exclusive && !isMember
            if mustProve { try await Claim(link: session.link, replies: session.replies, id: id).make() }
            try await attachment.bindControl()
            let probe = ControlMessage(.probe, mailbox: id, replyTo: session.link.replyTo)
            let proof = session.replies.expect(probe.id)
            defer { session.replies.forget(probe.id) }
            try await attachment.consume(proof: proof)
            if mustProve { try await attachment.prove(probe, proof) }
            if mode == .exclusive { attachment.intake.prove() }
            if isMember, session.directory.known(id) == .terminated {
                throw ExchangeError(.badEntityID, "the agent was terminated", entity: id)
            }
            return attachment
        } catch {
            await attachment.detach()
            session.attachments.remove(attachment)
            throw error
        }
    }

    /// Receives for an unregistered user. It can call agents, is not discoverable, and leaves nothing behind.
    static func visit(
        _ id: EntityID,
        session: Session
    ) async throws(ExchangeError) -> MailboxAttachment {
        let attachment = MailboxAttachment(to: id, mode: .exclusive, session: session, isVisitor: true)
        try session.attachments.add(attachment, isAlone: true)
        do {
            try await VisitorRoutes(of: id, on: session.link).bind()
            attachment.intake.prove()
            return attachment
        } catch {
            await attachment.detach()
            session.attachments.remove(attachment)
            throw error
        }
    }

    /// Starts receiving from a consumer. The first delivery also resolves `proof`.
    ///
    /// - Returns: `false` when the attachment has let go of the mailbox meanwhile.
    private func begin(_ receiver: Receiver, proof: OneShot<ControlMessage.Kind>?) -> Bool {
        let isWanted = state.withLock { state in
            if !state.isDetached { state.receiver = receiver }
            return !state.isDetached
        }
        if isWanted { intake.begin(proof: proof, isStandby: mode == .standby) }
        return isWanted
    }

    /// Removes and returns the consumer, for the caller to cancel. None is started again.
    private func takeReceiver() -> Receiver? {
        state.withLock { state in
            state.isDetached = true
            defer { state.receiver = nil }
            return state.receiver
        }
    }

    /// Binds control messages about the mailbox to this session.
    func bindControl() async throws(ExchangeError) {
        let deadline = link.deadline
        let way = Topology.Binding(
            of: link.answers.name,
            to: session.names.controlKey(of: mailboxID),
            in: session.names
        )
        try await link.declare("can't open the mailbox", entity: mailboxID) { (channel) throws(AMQPError) in
            try await channel.bind(.queue(way.queue), to: way.exchange, routingKey: way.key, deadline: deadline)
        }
    }

    private func consume(proof: OneShot<ControlMessage.Kind>) async throws(ExchangeError) {
        do {
            try await link.consumer.perform(deadline: link.deadline) { (connection) throws(AMQPError) in
                try await consume(on: connection, proof: proof)
            }
        } catch {
            throw ExchangeError(error, "can't receive from the mailbox", entity: mailboxID)
        }
    }

    /// Starts a consumer. Does nothing when the transport has let go of the mailbox.
    func consume(on connection: Connection, proof: OneShot<ControlMessage.Kind>?) async throws(AMQPError) {
        let declaration = ConsumerDeclaration(
            queue: session.names.queue(of: mailboxID),
            tag: session.names.consumerTag(of: mailboxID, session: link.sessionID),
            prefetch: contents.prefetch
        )
        let place = try await session.channels.place(for: mailboxID, on: connection, deadline: link.deadline)
        let receiver = Receiver(self, on: place)
        do {
            try await receiver.start(declaration, deadline: link.deadline)
        } catch {
            giveBack(receiver.takeWaiting())
            await place.leave(deadline: link.deadline)
            throw error
        }
        guard begin(receiver, proof: proof) else {
            giveBack(await receiver.stop(link.deadline))
            await place.leave(deadline: link.deadline)
            return
        }
        receiver.begin()
    }

    /// Sends a message to the mailbox itself and waits for it, or for any other delivery that proves that the broker
    /// serves this consumer. Another consumer that gets it answers that the mailbox is in use.
    private func prove(_ probe: ControlMessage, _ proof: OneShot<ControlMessage.Kind>) async throws(ExchangeError) {
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

    // MARK: The end

    /// Lets go of a terminated mailbox: answers all received and unanswered requests, and stops consuming. Returns when
    /// nothing is held. Later calls wait for the first.
    func letGo() async {
        let isFirst = state.withLock { state in
            guard contents.markTerminated() else { return false }
            lettingGo.begin()
            return true
        }
        guard isFirst else { return await lettingGo.wait(until: .now + link.patience) }
        defer { lettingGo.end() }
        let deadline = link.deadline
        let receiver = takeReceiver()
        // Taken before the handlers learn of the end, so that they can no longer answer these requests.
        let unanswered = contents.held.withLock { held in
            held.close()
            return held.takeUnanswered()
        }
        contents.inbox.end(ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: mailboxID))
        await answerTerminated(unanswered)
        for delivery in await stop(receiver, deadline) {
            contents.refuse { [mailboxID] in await $0.refuseTerminated(delivery, mailboxID) }
        }
        // Deliveries that were being taken while the mailbox ended.
        await answerTerminated(contents.held.withLock { $0.takeUnanswered() })
        await contents.settle()
        // A concurrent detach may hold deliveries from before the end, which it then answers.
        await detaching.wait(until: .now + link.patience)
        giveBack(await flush(receiver, deadline))
        await close(receiver, deadline)
    }

    /// Answers received and unanswered requests of a terminated mailbox.
    private func answerTerminated(_ unanswered: [HeldRequests<Receipt>.Held]) async {
        await withDiscardingTaskGroup { group in
            for entry in unanswered {
                group.addTask { await self.session.settlement.answerTerminated(entry) }
            }
        }
    }

    /// Stops consuming and gives the unanswered requests back to the mailbox, in order. Ends within the limit of one
    /// operation, plus the time of answers in progress.
    func detach() async {
        let deadline = link.deadline
        detaching.begin()
        let receiver = takeReceiver()
        contents.held.withLock { $0.close() }
        let stopped = await stop(receiver, deadline)
        await contents.settle()
        // Flushed before anything is given back: the flushed deliveries belong behind that.
        let left = stopped + (await flush(receiver, deadline))
        // A delivery that still waits for facts, such as the subscriptions, is given back when it is taken.
        let unanswered = contents.held.withLock { $0.giveUp() }
        // Without a connection the broker has already taken them back.
        if link.isConnected, contents.isTerminated || session.directory.known(mailboxID) == .terminated {
            // The mailbox may already be drained; a request given back would be lost with its queue.
            await answerTerminated(unanswered)
            for delivery in left { contents.refuse { [mailboxID] in await $0.refuseTerminated(delivery, mailboxID) } }
            await contents.settle()
        } else {
            for entry in unanswered {
                if case .delivery(let delivery)? = entry.receipt { delivery.reject(requeue: true) }
            }
            giveBack(left)
            await contents.giveBackDirectly(unanswered)
        }
        detaching.end()
        await close(receiver, deadline)
    }

    /// Returns deliveries that were not taken to the mailbox. A probe of this session has done its work by then: it would
    /// count as a message that waits.
    private func giveBack(_ deliveries: [Delivery]) {
        for delivery in deliveries {
            if let control = ControlMessage(delivery.properties), control.kind == .probe,
                control.replyTo == link.replyTo
            {
                delivery.acknowledge()
            } else {
                delivery.reject(requeue: true)
            }
        }
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
        session.attachments.remove(self)
        guard link.isConnected, session.attachments.of(mailboxID).isEmpty else { return }
        let way = Topology.Binding(
            of: link.answers.name,
            to: session.names.controlKey(of: mailboxID),
            in: session.names
        )
        try? await link.declare("can't remove a binding") { (channel) throws(AMQPError) in
            try await channel.unbind(.queue(way.queue), from: way.exchange, routingKey: way.key, deadline: deadline)
        }
        // Another transport may have bound it meanwhile.
        if !session.attachments.of(mailboxID).isEmpty { try? await bindControl() }
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
        guard intake.notes == nil, let receiver, receiver.connection.isOpen, !receiver.place.isShared else { return [] }
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
