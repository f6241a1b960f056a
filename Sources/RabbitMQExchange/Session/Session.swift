internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// What one process holds to one namespace of one broker: two connections, a session queue, the directory, a dead-letter
/// consumer. All transports of the process share it.
final class Session: Sendable {
    let link: BrokerLink
    let directory: Directory
    let desk = ControlDesk()
    let background = BackgroundTasks()
    let channels = MailboxChannels()
    /// Terminations of others that this session looks at or finishes.
    let finishing = Atomic(0)
    private let board: StateBoard

    private struct State {
        /// In the order in which they came: those behind the first stand by.
        var transports: [EntityID: [RabbitMQTransport]] = [:]
        /// The mailboxes that this session drains.
        var drains: Set<EntityID> = []
        /// What is received besides mailboxes: answers, and dead letters where the broker user may.
        var consumers: [StandingConsumer] = []
        var isClosing = false
    }

    private let state = Mutex(State())

    var names: ExchangeNames { link.names }

    /// Whether it closes.
    var isEnding: Bool { state.withLock { $0.isClosing } }

    /// A session that has declared nothing and receives nothing: enough to look around.
    init(link: BrokerLink, board: StateBoard = StateBoard()) {
        self.link = link
        self.board = board
        directory = Directory(link: link, background: background)
        link.use(
            BrokerLink.Hooks(
                recover: { [weak self] (connection) throws(AMQPError) in try await self?.recover(on: connection) },
                repair: { [weak self] in await self?.repair() },
                changed: { [weak self] in self?.tellState() }
            )
        )
    }

    /// Connects, makes what the namespace needs on the broker, and begins to receive.
    static func open(
        names: ExchangeNames,
        configuration: RabbitMQConfiguration,
        connection: ConnectionConfiguration,
        logger: Logger,
        board: StateBoard = StateBoard(),
        deadLetterReport: (@Sendable (DeadLetter) -> Void)? = nil
    ) async throws(ExchangeError) -> Session {
        let link = try await BrokerLink(
            names: names,
            configuration: configuration,
            connection: connection,
            logger: logger
        )
        let session = Session(link: link, board: board)
        do {
            try await Topology.shared(names).declareOrFind(on: link)
            try await Topology.session(link).declare(on: link)
            try await session.start(deadLetterReport)
            session.tellState()
        } catch {
            await session.close()
            throw error
        }
        return session
    }

    private func tellState() {
        board.set([link.publisher.current, link.consumer.current])
    }

    /// Begins to receive, and to look after what it owns.
    private func start(_ deadLetterReport: (@Sendable (DeadLetter) -> Void)?) async throws(ExchangeError) {
        let answers = consumer(of: link.replyTo, "answers", prefetch: 2000, .pushed { self.take($0) })
        let serving = DeadLetterConsumer(session: self, report: deadLetterReport)
        let deadLetters = consumer(
            of: names.deadLetters,
            "dead-letters",
            prefetch: 256,
            .pulled { await serving.run($0) }
        )
        try await start(answers)
        background.start { await self.keepWays() }
        background.start { await self.keepHolds() }
        do throws(ExchangeError) {
            try await start(deadLetters)
            background.start { await Finisher(session: self).run() }
        } catch let error where error.code == .forbidden {
            // Others answer them.
            link.logger.debug("this broker user serves no dead letters", metadata: .init(keys: [.error: "\(error)"]))
        }
    }

    private func start(_ consumer: StandingConsumer) async throws(ExchangeError) {
        do {
            try await link.consumer.perform(deadline: link.deadline) { (connection) throws(AMQPError) in
                try await consumer.start(on: connection)
            }
        } catch {
            throw ExchangeError(error, "can't receive from \(consumer.queue)")
        }
        state.withLock { $0.consumers.append(consumer) }
    }

    private func consumer(
        of queue: String,
        _ role: String,
        prefetch: Int,
        _ handling: StandingConsumer.Handling
    ) -> StandingConsumer {
        let tag = "warren.\(role).\(link.sessionID.lowercased)"
        return StandingConsumer(
            link: link,
            background: background,
            queue: queue,
            declaration: { ConsumerDeclaration(queue: queue, tag: tag, prefetch: prefetch) },
            repair: { [weak self] in await self?.repair() },
            handling: handling
        )
    }

    // MARK: Transports

    /// Makes a transport a receiver of its mailbox in this process.
    ///
    /// - Throws: ``ExchangeError/Code/mailboxInUse`` when there is one already and this one does not stand by.
    func add(_ transport: RabbitMQTransport, mode: AttachMode) throws(ExchangeError) {
        let id = transport.mailboxID
        let error: ExchangeError? = state.withLock { state in
            if state.isClosing { return ExchangeError(.closed, "the session is closed") }
            guard mode == .standby || state.transports[id] == nil else {
                return ExchangeError(.mailboxInUse, "this process receives from the mailbox already", entity: id)
            }
            state.transports[id, default: []].append(transport)
            return nil
        }
        if let error { throw error }
    }

    /// The transport does not receive any more.
    func remove(_ transport: RabbitMQTransport) {
        state.withLock { state in
            state.transports[transport.mailboxID]?.removeAll { $0 === transport }
            if state.transports[transport.mailboxID]?.isEmpty == true {
                state.transports[transport.mailboxID] = nil
            }
        }
    }

    /// The transports of this process that receive from a mailbox, or stand by for it.
    func transports(of mailbox: EntityID) -> [RabbitMQTransport] {
        state.withLock { $0.transports[mailbox] ?? [] }
    }

    /// Keeps the holds of all transports on requests that take long: one task for all of them. Runs until the session ends.
    private func keepHolds() async {
        guard let timeout = link.configuration.acknowledgementTimeout else { return }
        while !Task.isCancelled {
            do { try await Task.sleep(for: timeout / 8) } catch { return }
            let transports = state.withLock { $0.transports.values.flatMap { $0 } }
            await withDiscardingTaskGroup { group in
                for transport in transports where transport.isAttached && transport.held.withLock({ $0.count > 0 }) {
                    group.addTask { await LeaseKeeper(transport)?.renew() }
                }
            }
        }
    }

    /// The transport of this process that the broker serves. While a mailbox is handed over, the one before may not be gone.
    private func activeTransport(of mailbox: EntityID) -> RabbitMQTransport? {
        transports(of: mailbox).last { $0.isActive }
    }

    /// Begins to drain a mailbox. Returns `false` when this session does that already.
    func beginDrain(of mailbox: EntityID) -> Bool {
        state.withLock { $0.drains.insert(mailbox).inserted }
    }

    /// Whether this session drains a mailbox.
    func isDraining(_ mailbox: EntityID) -> Bool {
        state.withLock { $0.drains.contains(mailbox) }
    }

    /// The drain is over.
    func endDrain(of mailbox: EntityID) {
        _ = state.withLock { $0.drains.remove(mailbox) }
    }

    // MARK: Receiving

    /// Takes an answer or a control message from the session queue.
    private func take(_ delivery: Delivery) {
        if let control = ControlMessage(delivery.properties) {
            take(control)
            delivery.acknowledge()
            return
        }
        do throws(Envelope.Malformed) {
            let message = try Envelope.decode(delivery.properties, body: delivery.body)
            if case .notice(let notice) = message {
                activeTransport(of: notice.destination)?.inbox.put(message)
                delivery.acknowledge()
                return
            }
            guard case .response(let response) = message else {
                throw Envelope.Malformed(reason: "a request does not belong in a session queue", request: nil)
            }
            let destination = response.destination
            if let transport = activeTransport(of: destination) ?? transports(of: destination).first {
                transport.put(response)
                delivery.acknowledge()
            } else {
                background.start { await self.forward(response, delivery) }
            }
        } catch {
            background.start { await self.park(delivery, error.reason) }
        }
    }

    private func take(_ control: ControlMessage) {
        switch control.kind {
        case .inUse, .lettingGo, .released, .stoodBy:
            desk.resolve(control)
        case .claim:
            guard let mailbox = control.mailbox, !transports(of: mailbox).isEmpty else { return }
            guard control.replyTo != link.replyTo else { return }
            background.start { await self.reply(.inUse, to: control) }
        case .terminate:
            guard let mailbox = control.mailbox else { return }
            background.start {
                // Anybody who may write to the exchange can send this; only the directory is believed.
                guard (try? await self.directory.state(of: mailbox)) == .terminated else { return }
                let isOwner = self.isOwner(of: mailbox)
                if isOwner { await self.reply(.lettingGo, to: control) }
                await self.letGo(of: mailbox)
                await self.reply(isOwner ? .released : .stoodBy, to: control)
            }
        case .probe, .marker:
            break
        }
    }

    /// Has every transport of this process let go of a mailbox that was terminated.
    func letGo(of mailbox: EntityID) async {
        await withDiscardingTaskGroup { group in
            for transport in transports(of: mailbox) { group.addTask { await transport.letGo() } }
        }
    }

    /// Whether this process can answer for the owner of a mailbox: not when its transports stand by, as far as they know.
    private func isOwner(of mailbox: EntityID) -> Bool {
        let transports = transports(of: mailbox)
        return transports.isEmpty || transports.contains { $0.isActive }
    }

    /// Answers a control message. Whoever asked has a deadline, so a failure is only logged.
    func reply(_ kind: ControlMessage.Kind, to control: ControlMessage) async {
        guard let replyTo = control.replyTo, replyTo.hasPrefix(names.sessionPrefix) else { return }
        let answer = ControlMessage(kind, id: control.id, mailbox: control.mailbox)
        do throws(AMQPError) {
            _ = try await link.publish(answer, key: replyTo)
        } catch {
            link.logger.warning(
                "a control message could not be answered",
                metadata: .init(keys: [.kind: kind.rawValue, .error: error.description])
            )
        }
    }

    /// An answer for a mailbox that this process does not receive from any more: it goes to the mailbox itself.
    private func forward(_ response: Response, _ delivery: Delivery) async {
        do throws(ExchangeError) {
            _ = try await publish(response, replyTo: nil)
            delivery.acknowledge()
        } catch let error where error.isAboutTheMessage {
            await park(delivery, "it can't be forwarded: \(error.message)")
        } catch {
            delivery.reject(requeue: true)
        }
    }

    // MARK: Publishing

    /// Publishes a response: to the session queue that the request named, else to the requester's mailbox.
    ///
    /// - Returns: Whether there was somebody to get it; `false` when the requester's mailbox is gone too.
    func publish(_ response: Response, replyTo: String?) async throws(ExchangeError) -> Bool {
        let (properties, body) = try Envelope.encode(.response(response), replyTo: nil)
        var keys = [names.mailboxKey(of: response.destination)]
        if let replyTo, replyTo.hasPrefix(names.sessionPrefix) { keys.insert(replyTo, at: 0) }
        for key in keys {
            let publication = Publication(
                exchange: names.mailboxes,
                routingKey: key,
                properties: properties,
                body: body,
                mandatory: true
            )
            if try await publish(publication, to: response) { return true }
            // The last one is the mailbox. It may be there, and only the way to it be missing.
            guard key == keys.last, try await restoreWay(to: response.destination) else { continue }
            return try await publish(publication, to: response)
        }
        return false
    }

    private func publish(_ publication: Publication, to response: Response) async throws(ExchangeError) -> Bool {
        do {
            try await link.publish(publication)
            return true
        } catch let error where error.code == .unroutable {
            return false
        } catch {
            throw ExchangeError(error, "the answer was not delivered", entity: response.destination)
        }
    }

    /// Puts a message aside that nothing can be done with, with the reason, and then acknowledges it.
    ///
    /// - Returns: `false` when that failed, and it went back to its queue.
    @discardableResult
    func park(_ delivery: Delivery, _ reason: String) async -> Bool {
        var properties = delivery.properties.forMoving()
        // What the connection calls a message is unique there only, and parked messages come from many.
        if properties.messageID?.hasPrefix("warren-") ?? true { properties.messageID = UUID().lowercased }
        // Since when it is there, where its sender did not say when it was sent.
        if properties.timestamp == nil { properties.timestamp = UInt64(max(0, Date.now.timeIntervalSince1970)) }
        properties.headers[Header.reason] = "malformed"
        properties.headers[Header.detail] = .string(reason)
        properties.headers[Header.queue] = .string(delivery.routingKey)
        link.logger.warning("a message was parked", metadata: .init(keys: [.reason: reason, .queue: names.parked]))
        do throws(AMQPError) {
            do throws(AMQPError) {
                try await publishDeadLetter(properties, delivery.body, ExchangeNames.DeadLetterKey.parked)
            } catch let error where error.isAboutTheMessage {
                var plain = MessageProperties()
                plain.headers = [
                    Header.reason: "malformed",
                    Header.detail: .string("its headers could not be kept: \(reason)"),
                    Header.queue: .string(delivery.routingKey),
                ]
                try await publishDeadLetter(plain, delivery.body, ExchangeNames.DeadLetterKey.parked)
            }
            link.metrics.count(.parked)
            delivery.acknowledge()
            return true
        } catch {
            delivery.reject(requeue: true)
            return false
        }
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
        try await link.publish(publication, signed: false)
    }

    // MARK: The end

    /// Removes the session queue and closes the connections.
    func close() async {
        state.withLock { $0.isClosing = true }
        for consumer in living.consumers { consumer.stop() }
        if link.isConnected {
            let deadline = Deadline.after(link.patience)
            let queue = link.replyTo
            _ = try? await link.declare("can't delete the session queue") { (channel) throws(AMQPError) in
                try await channel.deleteQueue(queue, deadline: deadline)
            }
        }
        await link.close()
        await background.cancelAll()
        directory.close()
        board.set(.idle)
    }

    /// All transports, and the consumers that were started.
    var living: (transports: [RabbitMQTransport], consumers: [StandingConsumer]) {
        state.withLock { ($0.transports.values.flatMap(\.self), $0.consumers) }
    }
}
