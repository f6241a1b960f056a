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
    let topics: Topics
    let delays: Delays
    let replies = ControlReplies()
    let background = BackgroundTasks()
    let channels = MailboxChannels()
    let ready: ReadyAnswers
    let attachments = Attachments()
    let senders: SenderCheck
    let mailboxes: MailboxLookup
    let responses: ResponsePublisher
    let settlement: DeliverySettlement
    let hints: HintTasks
    /// Handles the messages in the queue of this session.
    let receiver: AnswerReceiver
    let queue: SessionQueue
    /// Terminated mailboxes that this session lets go of, until their drain was told.
    private let handovers = Underway()
    /// Failed registrations, until everything that they made is removed.
    let undoings = Underway()
    /// The number of other sessions' terminations that this session checks or completes.
    let finishing = Atomic(0)
    private let feed: ConnectionStateFeed

    private struct State {
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
    /// The way past the broker, if this exchange has one.
    let direct: (any DirectWay)?

    var names: ExchangeNames { link.names }

    /// Whether the session is closing.
    var isEnding: Bool { state.withLock { $0.isClosing } }

    /// Makes a session that has declared nothing and receives nothing: sufficient for inspection.
    ///
    /// - Parameter isPatient: Whether questions to the directory wait as long as reading it makes progress.
    init(
        link: BrokerLink,
        feed: ConnectionStateFeed = ConnectionStateFeed(),
        isPatient: Bool = false,
        direct: (any DirectWay)? = nil
    ) {
        self.link = link
        self.direct = direct
        self.feed = feed
        ready = ReadyAnswers(link: link)
        directory = Directory(link: link, background: background, isPatient: isPatient)
        topics = Topics(link: link, directory: directory, background: background)
        delays = Delays(link: link, directory: directory)
        senders = SenderCheck(link: link, directory: directory)
        mailboxes = MailboxLookup(link: link, directory: directory)
        responses = ResponsePublisher(link: link, mailboxes: mailboxes)
        settlement = DeliverySettlement(link: link, responses: responses) { [weak direct] in direct?.cut($0) }
        hints = HintTasks(link: link, background: background)
        receiver = AnswerReceiver(
            link: link,
            directory: directory,
            replies: replies,
            attachments: attachments,
            senders: senders,
            settlement: settlement,
            hints: hints,
            background: background,
            handovers: handovers,
            direct: direct
        )
        queue = SessionQueue(link: link, attachments: attachments, background: background, receiver: receiver)
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
        direct: (any DirectWayProvider)? = nil,
        deadLetterReport: (@Sendable (DeadLetter) -> Void)? = nil
    ) async throws(ExchangeError) -> Session {
        let link = try await BrokerLink(
            names: names,
            configuration: configuration,
            connection: connection,
            logger: logger
        )
        let way = direct?.makeWay(DirectFacts(link, isEncrypted: connection.tls != nil))
        let session = Session(link: link, feed: feed, direct: way)
        do {
            try await way?.open(in: DirectSession(session))
            if way != nil { link.setDirect() }
            if try await Topology.shared(names).declareOrFind(on: link) { await session.topics.prepare() }
            try await session.queue.make()
            try await session.start(deadLetterReport)
            session.tellState()
        } catch {
            await session.close()
            throw error
        }
        return session
    }

    private func tellState() {
        feed.update { [link.publisher.current, link.consumer.current] }
        direct?.changed(isConnected: link.isConnected)
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
        background.start { [attachments, timeout = link.configuration.acknowledgementTimeout] in
            await attachments.keepHolds(timeout: timeout)
        }
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
            try await link.objects.status(ofQueue: names.deadLetters) != nil
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
            let new = consumer(of: queue, "answers", prefetch: 2000, .each { [receiver] in receiver.take($0) })
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

    // MARK: The end

    /// Deletes the session queue and closes the connections, after it has undone failed registrations and told the
    /// drains of mailboxes that it has let go.
    func close() async {
        state.withLock { $0.isClosing = true }
        attachments.close()
        await undoings.wait(until: .now + link.patience)
        await direct?.close()
        if link.isConnected { await handovers.wait(until: .now + link.patience) }
        for consumer in consumers { consumer.stop() }
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
        topics.log.close()
        // The consumers refer to the session: without this it would never be freed.
        state.withLock { state in
            state.consumers = []
            state.answers = nil
            state.serving = nil
            state.older = nil
        }
        feed.set(.idle)
    }

    /// The started consumers.
    var consumers: [StandingConsumer] { state.withLock { $0.consumers } }
}
