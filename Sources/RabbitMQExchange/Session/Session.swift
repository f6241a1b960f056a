internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// A process's use of one namespace of one broker: two connections, a session queue, the directory, a dead-letter
/// consumer. All transports of the process share it.
final class Session: Sendable {
    let link: BrokerLink
    let directory: Directory
    let desk = ControlReplies()
    let background = BackgroundTasks()
    let channels = MailboxChannels()
    let ready: ReadyAnswers
    /// Terminated mailboxes that this session lets go of, until their drain was told.
    let handovers = Underway()
    /// Failed registrations, until everything that they made is removed.
    let undoings = Underway()
    /// The number of other sessions' terminations that this session checks or completes.
    let finishing = Atomic(0)
    /// The number of running tasks for notices and control messages.
    let hints = Atomic(0)
    private let feed: ConnectionStateFeed

    private struct State {
        /// In the order of their arrival: those behind the first are on standby.
        var transports: [EntityID: [RabbitMQTransport]] = [:]
        /// The mailboxes that this session is draining.
        var drains: Set<EntityID> = []
        /// The consumers besides those of mailboxes: of answers, and of dead letters if the broker user may.
        var consumers: [StandingConsumer] = []
        /// The consumer of answers.
        var answers: StandingConsumer?
        /// Answers dead letters; then the consumer of those of older versions, if there are any.
        var serving: DeadLetterConsumer?
        var older: StandingConsumer?
        var isClosing = false
    }

    private let state = Mutex(State())

    var names: ExchangeNames { link.names }

    /// Whether the session is closing.
    var isEnding: Bool { state.withLock { $0.isClosing } }

    /// Makes a session that has declared nothing and receives nothing: sufficient for inspection.
    ///
    /// - Parameter isPatient: Whether questions to the directory wait as long as reading it makes progress.
    init(link: BrokerLink, feed: ConnectionStateFeed = ConnectionStateFeed(), isPatient: Bool = false) {
        self.link = link
        self.feed = feed
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

    /// Connects, creates the namespace's objects on the broker, and starts to receive.
    static func open(
        names: ExchangeNames,
        configuration: RabbitMQConfiguration,
        connection: ConnectionConfiguration,
        logger: Logger,
        feed: ConnectionStateFeed = ConnectionStateFeed(),
        deadLetterReport: (@Sendable (DeadLetter) -> Void)? = nil
    ) async throws(ExchangeError) -> Session {
        let link = try await BrokerLink(
            names: names,
            configuration: configuration,
            connection: connection,
            logger: logger
        )
        let session = Session(link: link, feed: feed)
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
        feed.set([link.publisher.current, link.consumer.current])
    }

    /// Starts to receive, and to maintain the session's objects.
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
            // If it fails, each heartbeat tries again.
            try? await serveOlder()
            background.start { await TerminationFinisher(session: self).run() }
            background.start { await Compactor(session: self).run() }
        } catch let error where error.code == .forbidden {
            // Other sessions answer them.
            link.logger.debug("this broker user serves no dead letters", metadata: .init(keys: [.error: "\(error)"]))
        }
    }

    /// Answers the dead letters of older versions too, if such a version has made a queue for them. Each call checks
    /// until it exists.
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

    /// Receives from the queue of this session, unless it already does.
    func startAnswers() async throws(ExchangeError) {
        try await start(useAnswers())
    }

    /// Returns the consumer of this session's queue. The consumer of a queue that was left is not started again.
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

    /// Adds a transport as a receiver of its mailbox in this process.
    ///
    /// - Throws: ``ExchangeError/Code/mailboxInUse`` when there is already one and this one is not a standby.
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

    /// Removes a transport that no longer receives.
    func remove(_ transport: RabbitMQTransport) {
        state.withLock { state in
            state.transports[transport.mailboxID]?.removeAll { $0 === transport }
            if state.transports[transport.mailboxID]?.isEmpty == true {
                state.transports[transport.mailboxID] = nil
            }
        }
    }

    /// Returns the transports of this process that receive from a mailbox, or are on standby for it.
    func transports(of mailbox: EntityID) -> [RabbitMQTransport] {
        state.withLock { $0.transports[mailbox] ?? [] }
    }

    /// Renews the holds of all transports in one task. Runs until the session ends.
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

    /// Returns the active transport of a mailbox in this process. During a handover the previous one may still exist.
    func activeTransport(of mailbox: EntityID) -> RabbitMQTransport? {
        transports(of: mailbox).last { $0.isActive }
    }

    /// Starts to drain a mailbox. Returns `false` when this session is already draining it.
    func beginDrain(of mailbox: EntityID) -> Bool {
        state.withLock { $0.drains.insert(mailbox).inserted }
    }

    /// Returns whether this session is draining a mailbox.
    func isDraining(_ mailbox: EntityID) -> Bool {
        state.withLock { $0.drains.contains(mailbox) }
    }

    /// Ends the drain of a mailbox.
    func endDrain(of mailbox: EntityID) {
        _ = state.withLock { $0.drains.remove(mailbox) }
    }

    // MARK: Receiving

    /// Takes a delivery from the session's queue: answers, a notice or a control message.
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

    /// Answers a control message. The asking session has a deadline, so a failure is only logged.
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

    /// Deletes the session queue and closes the connections, after it has undone failed registrations and told the
    /// drains of mailboxes that it has let go.
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
        // The consumers refer to the session: without this it would never be freed.
        state.withLock { state in
            state.consumers = []
            state.answers = nil
            state.serving = nil
            state.older = nil
        }
        feed.set(.idle)
    }

    /// All transports, and the started consumers.
    var living: (transports: [RabbitMQTransport], consumers: [StandingConsumer]) {
        state.withLock { ($0.transports.values.flatMap(\.self), $0.consumers) }
    }
}
