internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// The two connections of a session and their operations: one publishes, the other consumes and declares. Each restores its
/// own lost connection.
///
/// Declaring happens on the consuming connection, because a memory alarm blocks every operation on a connection that
/// publishes.
final class BrokerLink: Sendable {
    let names: ExchangeNames
    let configuration: RabbitMQConfiguration
    let sessionID: UUID
    let publisher: RecoveringConnection
    let consumer: RecoveringConnection
    let logger: Logger
    let metrics: ExchangeMetrics
    /// The queue of this session.
    let answers: AnswerQueue
    /// The held bytes of requests from mailboxes, drained mailboxes and dead letters.
    let received = ReceivedBytes()
    let publications: Publisher
    /// Publishes directory records. A broker user may lack the permission, which closes a channel.
    let announcements: Publisher
    let objects: ObjectLookup
    private let isDirect = Atomic(false)
    private let tasks = BackgroundTasks()
    private let state = Mutex(State())

    private struct State {
        /// The channel for declarations that are not expected to fail.
        var declaring: Channel?
        var hooks: Hooks?
        var servesOlder = false
    }

    /// Whether sessions that know no walls can reach this one.
    var servesOlder: Bool {
        get { state.withLock { $0.servesOlder } }
        set { state.withLock { $0.servesOlder = newValue } }
    }

    /// Opens both connections.
    ///
    /// - Throws: ``ExchangeError/Code/connectionLost``, ``ExchangeError/Code/unauthorized`` and others when a connection
    ///   can't be made; then none is left open.
    init(
        names: ExchangeNames,
        configuration: RabbitMQConfiguration,
        connection: ConnectionConfiguration,
        logger: Logger
    ) async throws(ExchangeError) {
        self.names = names
        self.configuration = configuration
        // A credentials provider names the user only when it is called.
        let random = UUID.random()
        let provisional = Self.wall(connection.credentials.user, configuration)?.uuid(from: random) ?? random
        var logger = logger
        logger[metadataKey: LogKey.session.rawValue] = .string(provisional.lowercased)
        var connection = connection
        connection.sharesThread = configuration.sharesThread
        var publisherSettings = connection
        publisherSettings.name = "\(connection.name) publisher"
        var consumerSettings = connection
        consumerSettings.name = "\(connection.name) consumer"
        let publisher = RecoveringConnection(configuration: publisherSettings, logger: logger)
        let consumer = RecoveringConnection(configuration: consumerSettings, logger: logger)
        self.publisher = publisher
        self.consumer = consumer
        do {
            try await publisher.open()
            try await consumer.open()
        } catch {
            await publisher.close(timeout: .seconds(1))
            await consumer.close(timeout: .seconds(1))
            throw ExchangeError(error, "can't connect to the broker")
        }
        let sessionID = Self.wall(publisher.user, configuration)?.uuid(from: random) ?? random
        logger[metadataKey: LogKey.session.rawValue] = .string(sessionID.lowercased)
        self.sessionID = sessionID
        self.logger = logger
        metrics = .current
        objects = ObjectLookup(on: consumer, names, limit: configuration.operationTimeout)
        answers = AnswerQueue(key: names.sessionQueue(sessionID))
        publications = Publisher(connection: publisher, name: sessionID.lowercased)
        announcements = Publisher(connection: publisher, name: "announcements-\(sessionID.lowercased)")
        run()
    }

    private static func wall(_ user: String?, _ configuration: RabbitMQConfiguration) -> Wall? {
        configuration.sendsUserID ? user.map(Wall.init(user:)) : nil
    }

    /// Keeps both connections open until ``close()``.
    private func run() {
        for (connection, role) in [(publisher, "publisher"), (consumer, "consumer")] {
            let watch = ConnectionWatch(role: role, metrics: metrics, logger: logger)
            metrics.count(.connectionsOpened, [.role(role)])
            tasks.start { await watch.run(connection) { self.changed() } }
        }
        tasks.start { await self.publisher.run { (_) throws(AMQPError) in } }
        for publisher in [publications, announcements] {
            tasks.start { await publisher.run { await self.repair($0) } }
        }
        tasks.start {
            await self.consumer.run { (connection) throws(AMQPError) in
                try await self.state.withLock { $0.hooks }?.recover(connection)
            }
        }
    }

    private func repair(_ error: AMQPError) async {
        logger.warning(
            "the broker refused a publication; unconfirmed ones are retried one by one",
            metadata: .init(keys: [.error: error.description])
        )
        guard error.code == .notFound else { return }
        await state.withLock { $0.hooks }?.repair()
    }

    /// The session's reactions to a lost connection.
    struct Hooks: Sendable {
        /// Restores the consumers on a new connection. An error closes that connection.
        let recover: @Sendable (Connection) async throws(AMQPError) -> Void
        /// Restores missing objects of the broker.
        let repair: @Sendable () async -> Void
        /// Called when the state of a connection may have changed.
        let changed: @Sendable () -> Void
    }

    /// Sets the session's reactions to lost connections.
    func use(_ hooks: Hooks) {
        state.withLock { $0.hooks = hooks }
    }

    private func changed() {
        state.withLock { $0.hooks }?.changed()
    }

    /// The name by which this session can be asked to be reached past the broker; `nil` when it can't.
    var peer: String? { isDirect.load(ordering: .relaxed) ? sessionID.lowercased : nil }

    /// This session can be reached past the broker from now on.
    func setDirect() {
        isDirect.store(true, ordering: .relaxed)
    }

    /// Whether both connections are open and fully restored.
    var isConnected: Bool { publisher.isConnected && consumer.isConnected }

    /// The deadline of an operation that starts now.
    var deadline: Deadline { .after(configuration.operationTimeout) }

    /// The limit of ``received``.
    var receiveWindow: ReceiveWindow { ReceiveWindow(account: received, bytes: configuration.receiveWindowBytes) }

    /// Returns the pause between two attempts.
    func pause() -> Pause { Pause(consumer.configuration.recovery) }

    /// The time limit for waiting for an end: 5 s, or the limit of an operation if shorter.
    var patience: Duration { min(.seconds(5), configuration.operationTimeout) }

    /// The routing key of this session's queue, which receives answers.
    var replyTo: String { answers.key }

    /// The size of the largest message with several answers that this session accepts, to be stated in requests.
    var together: Int { min(ResponseBatch.maximumBytes, configuration.maximumMessageSize) }

    /// Calls a function on the publishing thread before the next write: see ``Publisher/atNextTurn(_:)``.
    func atNextTurn(_ body: @escaping @Sendable () -> Void) {
        publications.atNextTurn(body)
    }

    /// Publishes and waits for the confirm.
    func publish(_ publication: Publication, deadline: Deadline? = nil) async throws(AMQPError) {
        try await publications.publish(sign(publication), deadline: deadline ?? self.deadline)
    }

    /// Publishes and reports the outcome to a function: see ``Publisher/publish(_:deadline:ended:)``.
    ///
    /// - Returns: The number to pass to ``cancelPublication(_:)``; `nil` when it has ended.
    func publish(
        _ publication: Publication,
        deadline: Deadline? = nil,
        ended: @escaping @Sendable (Result<Void, AMQPError>) -> Void
    ) -> UInt64? {
        publications.publish(sign(publication), deadline: deadline ?? self.deadline, ended: ended)
    }

    /// The largest body that the broker accepts, if known.
    var largestBody: Int? { publications.largestBody }

    /// Ends a publication, unless it has ended.
    func cancelPublication(_ number: UInt64) {
        publications.cancel(number)
    }

    /// Publishes on another channel from now on, because a queue that is not full refused a message.
    func renewChannel() async {
        await publications.renew()
    }

    /// Adds the properties that every publication needs, while they have a single reference: later that would copy
    /// them. Then shortens texts for people so that they fit.
    func complete(_ properties: inout MessageProperties) {
        properties.messageID = publications.nextMessageID()
        if let user { properties.userID = user }
        properties.shortenTexts(toFit: publisher.frameMax)
    }

    /// Returns the first publication of a response.
    ///
    /// - Parameters:
    ///   - isVerdict: Whether the answer is given in the exchange's name, rather than by the owner of the mailbox.
    ///   - isFromOwner: Whether this session receives from the mailbox, so that it may be asked past the broker.
    func publication(
        of response: Response,
        to way: ReplyWay,
        isVerdict: Bool = false,
        isFromOwner: Bool = false
    ) throws(ExchangeError) -> Publication {
        var (properties, body) = try Envelope.encode(.response(response), replyTo: nil)
        if isFromOwner, let peer { properties.headers[Header.peer] = .string(peer) }
        complete(&properties)
        let key = way.queue ?? names.mailboxKey(of: response.destination)
        return Publication(
            exchange: names.exchange(of: key),
            routingKey: isVerdict ? names.verdict(key) : key,
            properties: properties,
            body: body,
            mandatory: true
        )
    }

    /// Adds the user that the broker checks.
    func sign(_ publication: Publication) -> Publication {
        let user = user
        if publication.properties.userID == user { return publication }
        var publication = publication
        publication.properties.userID = user
        return publication
    }

    /// The `user_id` of messages: the connection's user, if known.
    var user: String? { configuration.sendsUserID ? publisher.user : nil }

    /// The wall of that user; `nil` when messages carry no `user_id`.
    var wall: Wall? { user.map(Wall.init(user:)) }

    /// Returns the UUID of a new agent or user of this session.
    func newUUID() -> UUID { wall?.uuid() ?? .random() }

    /// Publishes a control message. Returns whether it had a recipient.
    func publish(
        _ control: ControlMessage,
        key: String,
        deadline: Deadline? = nil
    ) async throws(AMQPError) -> Bool {
        do {
            try await publish(control.publication(to: names.exchange(of: key), key: key), deadline: deadline)
            return true
        } catch let error where error.code == .unroutable {
            return false
        }
    }

    /// Uses the channel for declaring, binding and deleting: repeatable calls that are not expected to fail.
    func declare<Result>(
        _ what: String,
        entity: EntityID? = nil,
        _ body: (Channel) async throws(AMQPError) -> Result
    ) async throws(ExchangeError) -> Result {
        do {
            let limit = deadline
            return try await consumer.perform(deadline: limit) { (connection) throws(AMQPError) in
                do throws(AMQPError) {
                    return try await body(try await declaring(on: connection, limit))
                } catch let error where connection.isOpen && error.isOfAnotherCall {
                    return try await connection.withChannel(deadline: limit, body)
                }
            }
        } catch {
            throw ExchangeError(error, what, entity: entity)
        }
    }

    private func declaring(on connection: Connection, _ limit: Deadline) async throws(AMQPError) -> Channel {
        let known = state.withLock { $0.declaring }
        if let known, known.isOpen, known.connection === connection { return known }
        let new = try await connection.openChannel(confirms: false, deadline: limit)
        let first = state.withLock { state -> Channel? in
            if let other = state.declaring, other.isOpen, other.connection === connection { return other }
            state.declaring = new
            return nil
        }
        guard let first else { return new }
        // Another task opened one meanwhile.
        new.abandon()
        return first
    }

    /// Uses a channel of its own for a repeatable call that may fail: in AMQP a refusal closes the channel.
    func attempt<Result>(
        _ what: String,
        entity: EntityID? = nil,
        _ body: (Channel) async throws(AMQPError) -> Result
    ) async throws(ExchangeError) -> Result {
        do {
            return try await consumer.withChannel(deadline: deadline, body)
        } catch {
            throw ExchangeError(error, what, entity: entity)
        }
    }

    /// Closes both connections. Unacknowledged messages go back to their queues.
    func close() async {
        async let publisherEnd: Void = publisher.close(timeout: patience)
        async let consumerEnd: Void = consumer.close(timeout: patience)
        _ = await (publisherEnd, consumerEnd)
        await tasks.cancelAll()
    }
}

extension AMQPError {
    /// Whether another call ended the channel, so that this call may be repeated on another.
    fileprivate var isOfAnotherCall: Bool {
        switch code {
        case .closed, .channelClosed: true
        case .notFound, .accessRefused, .resourceLocked, .preconditionFailed: delivery != .refused
        default: false
        }
    }
}
