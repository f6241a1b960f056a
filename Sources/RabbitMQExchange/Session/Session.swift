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
    let ready: ReadyAnswers
    /// Terminated mailboxes that this session lets go of, until whoever drains them was told.
    let handovers = Underway()
    /// Registrations that failed, until what they made is removed.
    let undoings = Underway()
    /// Terminations of others that this session looks at or finishes.
    let finishing = Atomic(0)
    /// Tasks of notices and control messages that run.
    let hints = Atomic(0)
    private let board: StateBoard

    private struct State {
        /// In the order in which they came: those behind the first stand by.
        var transports: [EntityID: [RabbitMQTransport]] = [:]
        /// The mailboxes that this session drains.
        var drains: Set<EntityID> = []
        /// What is received besides mailboxes: answers, and dead letters where the broker user may.
        var consumers: [StandingConsumer] = []
        /// The first of these.
        var answers: StandingConsumer?
        /// What answers dead letters, and the consumer of those of older versions where there are any.
        var serving: DeadLetterConsumer?
        var older: StandingConsumer?
        var isClosing = false
    }

    private let state = Mutex(State())

    var names: ExchangeNames { link.names }

    /// Whether it closes.
    var isEnding: Bool { state.withLock { $0.isClosing } }

    /// A session that has declared nothing and receives nothing: enough to look around.
    ///
    /// - Parameter isPatient: Whether questions to the directory wait as long as reading it makes progress.
    init(link: BrokerLink, board: StateBoard = StateBoard(), isPatient: Bool = false) {
        self.link = link
        self.board = board
        ready = ReadyAnswers(link: link)
        directory = Directory(link: link, background: background, isPatient: isPatient)
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
            try await session.makeAnswerQueue()
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
        let serving = DeadLetterConsumer(session: self, report: deadLetterReport)
        let deadLetters = consumer(
            of: names.unanswered,
            "dead-letters",
            prefetch: 256,
            .pulled { await serving.run($0) }
        )
        try await startAnswers()
        background.start { await self.keepWays() }
        background.start { await self.keepHolds() }
        do throws(ExchangeError) {
            try await start(deadLetters)
            state.withLock { $0.serving = serving }
            // Where that fails, it is tried again with each heartbeat.
            try? await serveOlder()
            background.start { await Finisher(session: self).run() }
            background.start { await Compactor(session: self).run() }
        } catch let error where error.code == .forbidden {
            // Others answer them.
            link.logger.debug("this broker user serves no dead letters", metadata: .init(keys: [.error: "\(error)"]))
        }
    }

    /// Answers the dead letters of older versions too, where these have made a queue for them. Looks for it at each call until
    /// there is one.
    func serveOlder() async throws(ExchangeError) {
        guard let serving = state.withLock({ $0.older == nil ? $0.serving : nil }),
            try await link.status(ofQueue: names.deadLetters) != nil
        else { return }
        let older = consumer(
            of: names.deadLetters,
            "dead-letters",
            prefetch: 256,
            .pulled { await serving.run($0, untilMarked: self.leaveOlder) }
        )
        let isFirst = state.withLock { state in
            guard state.older == nil, !state.isClosing else { return false }
            state.older = older
            return true
        }
        guard isFirst else { return }
        do throws(ExchangeError) {
            try await start(older)
        } catch {
            leaveOlder()
            throw error
        }
    }

    /// Leaves the dead letters of older versions to others, until ``serveOlder()`` is called again.
    func leaveOlder() {
        let older = state.withLock { state in
            let older = state.older
            state.consumers.removeAll { $0 === older }
            state.older = nil
            return older
        }
        older?.stop()
    }

    private func start(_ consumer: StandingConsumer) async throws(ExchangeError) {
        do {
            try await link.consumer.perform(deadline: link.deadline) { (connection) throws(AMQPError) in
                try await consumer.start(on: connection)
            }
        } catch {
            throw ExchangeError(error, "can't receive from \(consumer.queue)")
        }
        state.withLock { state in
            if !state.consumers.contains(where: { $0 === consumer }) { state.consumers.append(consumer) }
        }
    }

    /// Receives from the queue of this session, unless it does so already.
    func startAnswers() async throws(ExchangeError) {
        try await start(useAnswers())
    }

    /// The consumer of the queue of this session. One of a queue that was left is not started again.
    @discardableResult
    func useAnswers() -> StandingConsumer {
        let queue = link.answers.name
        let (current, old) = state.withLock { state -> (StandingConsumer, StandingConsumer?) in
            if let known = state.answers, known.queue == queue { return (known, nil) }
            let old = state.answers
            let new = consumer(of: queue, "answers", prefetch: 2000, .each { self.take($0) })
            state.answers = new
            state.consumers.removeAll { $0 === old }
            if old != nil { state.consumers.insert(new, at: 0) }
            return (new, old)
        }
        old?.leave()
        return current
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
    func activeTransport(of mailbox: EntityID) -> RabbitMQTransport? {
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

    /// Takes what came to the queue of the session: answers, a notice or a control message.
    func take(_ delivery: Delivery) {
        if let control = ControlMessage(delivery.properties) {
            take(control)
            delivery.acknowledge()
            return
        }
        do throws(Envelope.Malformed) {
            if delivery.properties.type == ResponseBatch.type {
                let (responses, flaw) = try ResponseBatch.decode(delivery)
                take(responses, flaw: flaw, delivery)
                return
            }
            switch try Envelope.decode(delivery.properties, body: delivery.body).checked(delivery) {
            case .response(let response):
                take(CollectionOfOne(response), flaw: nil, delivery)
            case .notice(let notice):
                delivery.acknowledge()
                take(notice, delivery.properties)
            case .request:
                throw Envelope.Malformed(reason: "a request does not belong in a session queue", request: nil)
            }
        } catch {
            background.start { await self.park(delivery, error.reason) }
        }
    }

    private func take(_ control: ControlMessage) {
        switch control.kind {
        case .inUse, .lettingGo, .released, .stoodBy, .marker:
            desk.resolve(control)
        case .claim:
            guard let mailbox = control.mailbox, !transports(of: mailbox).isEmpty else { return }
            guard control.replyTo != link.replyTo else { return }
            startHint { await self.reply(.inUse, to: control) }
        case .terminate:
            guard let mailbox = control.mailbox else { return }
            handovers.begin()
            startHint(dropped: handovers.end) {
                await self.handOver(mailbox, control)
                self.handovers.end()
            }
        case .probe:
            break
        }
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

    // MARK: The end

    /// Removes the session queue and closes the connections, after it has undone the registrations that failed, and has
    /// told those who drain the mailboxes that it let go of.
    func close() async {
        state.withLock { $0.isClosing = true }
        await undoings.wait(until: .now + link.patience)
        if link.isConnected { await handovers.wait(until: .now + link.patience) }
        for consumer in living.consumers { consumer.stop() }
        if link.isConnected {
            let deadline = Deadline.after(link.patience)
            let queue = link.answers.name
            _ = try? await link.declare("can't delete the session queue") { (channel) throws(AMQPError) in
                try await channel.deleteQueue(queue, deadline: deadline)
            }
        }
        await link.close()
        await background.cancelAll()
        directory.close()
        // They know the session: without this it would never be freed.
        state.withLock { state in
            state.consumers = []
            state.answers = nil
            state.serving = nil
            state.older = nil
        }
        board.set(.idle)
    }

    /// All transports, and the consumers that were started.
    var living: (transports: [RabbitMQTransport], consumers: [StandingConsumer]) {
        state.withLock { ($0.transports.values.flatMap(\.self), $0.consumers) }
    }
}
