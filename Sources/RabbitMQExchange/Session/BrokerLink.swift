internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// The two lines of a session and what is done with them: one publishes, one consumes and declares. Each is connected
/// again by itself when its connection is lost.
///
/// Declaring happens on the consuming line, because a memory alarm stops everything on a connection that publishes.
final class BrokerLink: Sendable {
    let names: ExchangeNames
    let configuration: RabbitMQConfiguration
    let sessionID: UUID
    /// What keeps this session's queues, and its users', from other broker users; `nil` when nobody vouches for its own.
    let wall: Wall?
    let publisher: Line
    let consumer: Line
    let logger: Logger
    let metrics: ExchangeMetrics
    /// The queue of this session.
    let answers: AnswerQueue
    private let publications: Publisher
    /// For the records of the directory: a broker user may not be allowed to write them, which closes a channel.
    private let announcements: Publisher
    /// By the length of a queue's name, what the broker says of one that is not there.
    let missing = Mutex<[Int: MissingQueue]>([:])
    private let tasks = BackgroundTasks()
    private let state = Mutex(State())

    private struct State {
        /// The channel on which things are declared that are not expected to fail.
        var declaring: Channel?
        var hooks: Hooks?
        var servesOlder = false
    }

    /// Whether sessions that know nothing of walls can reach this one.
    var servesOlder: Bool {
        get { state.withLock { $0.servesOlder } }
        set { state.withLock { $0.servesOlder = newValue } }
    }

    /// Opens both connections.
    ///
    /// - Throws: ``ExchangeError/Code/connectionLost``, ``ExchangeError/Code/unauthorised`` and others when a connection
    ///   can't be made; then none is left open.
    init(
        names: ExchangeNames,
        configuration: RabbitMQConfiguration,
        connection: ConnectionConfiguration,
        logger: Logger
    ) async throws(ExchangeError) {
        self.names = names
        self.configuration = configuration
        // A provider of credentials says who the user is when it is asked.
        let random = UUID.random()
        let provisional = Self.wall(connection.credentials.user, configuration)?.uuid(from: random) ?? random
        var logger = logger
        logger[metadataKey: LogKey.session.rawValue] = .string(provisional.lowercased)
        var publisherSettings = connection
        publisherSettings.name = "\(connection.name) publisher"
        var consumerSettings = connection
        consumerSettings.name = "\(connection.name) consumer"
        let publisher = Line(configuration: publisherSettings, logger: logger)
        let consumer = Line(configuration: consumerSettings, logger: logger)
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
        let wall = Self.wall(publisher.user, configuration)
        let sessionID = wall?.uuid(from: random) ?? random
        logger[metadataKey: LogKey.session.rawValue] = .string(sessionID.lowercased)
        self.wall = wall
        self.sessionID = sessionID
        self.logger = logger
        metrics = .current
        answers = AnswerQueue(key: names.sessionQueue(sessionID))
        publications = Publisher(line: publisher, name: sessionID.lowercased)
        announcements = Publisher(line: publisher, name: "announcements-\(sessionID.lowercased)")
        run()
    }

    private static func wall(_ user: String?, _ configuration: RabbitMQConfiguration) -> Wall? {
        configuration.sendsUserID ? user.map(Wall.init(user:)) : nil
    }

    /// Keeps both lines connected until ``close()``.
    private func run() {
        for (line, role) in [(publisher, "publisher"), (consumer, "consumer")] {
            let watch = LineWatch(role: role, metrics: metrics, logger: logger)
            metrics.count(.connectionsOpened, [.role(role)])
            tasks.start { await watch.run(line) { self.changed() } }
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
            "the broker refused a publication; what waits for its confirm is tried again one by one",
            metadata: .init(keys: [.error: error.description])
        )
        guard error.code == .notFound else { return }
        await state.withLock { $0.hooks }?.repair()
    }

    /// What the session does about a lost connection.
    struct Hooks: Sendable {
        /// Makes a new consuming connection what the one before was. The first to throw gives that connection up.
        let recover: @Sendable (Connection) async throws(AMQPError) -> Void
        /// Makes again what the broker says is missing.
        let repair: @Sendable () async -> Void
        /// The state of a line may have changed.
        let changed: @Sendable () -> Void
    }

    /// From now on the session hears of lost connections.
    func use(_ hooks: Hooks) {
        state.withLock { $0.hooks = hooks }
    }

    private func changed() {
        state.withLock { $0.hooks }?.changed()
    }

    /// Whether both lines are connected and everything is on them.
    var isConnected: Bool { publisher.isConnected && consumer.isConnected }

    /// The limit of an operation that begins now.
    var deadline: Deadline { .after(configuration.operationTimeout) }

    /// How long the end of something is waited for: 5 s, or less when operations have less.
    var patience: Duration { min(.seconds(5), configuration.operationTimeout) }

    /// The routing key that leads to the queue of this session, to which answers come.
    var replyTo: String { answers.key }

    /// What requests say of answers that travel together: the largest message with several that this session takes.
    var together: FieldValue { .int64(Int64(min(ResponseBatch.maximumBytes, configuration.maximumMessageSize))) }

    /// Calls a function on the publishing thread, before that writes again: see ``Publisher/atNextTurn(_:)``.
    func atNextTurn(_ body: @escaping @Sendable () -> Void) {
        publications.atNextTurn(body)
    }

    /// Publishes and waits for the confirm.
    ///
    /// - Parameter signed: Whether the broker vouches for who sends it. Not when somebody else's message is moved.
    func publish(_ publication: Publication, deadline: Deadline? = nil, signed: Bool = true) async throws(AMQPError) {
        let publication = signed ? sign(publication) : publication
        try await publications.publish(publication, deadline: deadline ?? self.deadline)
    }

    /// Publishes, and tells a function what became of it: see ``Publisher/publish(_:deadline:ended:)``.
    ///
    /// - Returns: What ``cancelPublication(_:)`` takes; `nil` when it has ended.
    func publish(
        _ publication: Publication,
        deadline: Deadline? = nil,
        ended: @escaping @Sendable (Result<Void, AMQPError>) -> Void
    ) -> UInt64? {
        publications.publish(sign(publication), deadline: deadline ?? self.deadline, ended: ended)
    }

    /// The largest body that the broker takes, where it has said so.
    var largestBody: Int? { publications.largestBody }

    /// Ends a publication, unless it has ended.
    func cancelPublication(_ number: UInt64) {
        publications.cancel(number)
    }

    /// A queue that is not full refused a message: what follows is published on another channel.
    func renewChannel() async {
        await publications.renew()
    }

    /// Publishes a record of the directory and waits for the confirm. A refusal ends nothing else.
    func announce(_ publication: Publication) async throws(AMQPError) {
        try await announcements.publish(sign(publication), deadline: deadline)
    }

    /// Publishes records of the directory in their order, and waits until all are confirmed.
    func announce(_ records: [Publication]) async throws(AMQPError) {
        let deadline = deadline
        let signals = records.map { record in
            let signal = Signal<Result<Void, AMQPError>>()
            _ = announcements.publish(sign(record), deadline: deadline) { signal.send($0) }
            return signal
        }
        for signal in signals {
            switch await signal.wait(until: .now + configuration.operationTimeout) {
            case .success?: continue
            case .failure(let error)?: throw error
            case nil: throw AMQPError(code: .timedOut, delivery: .unknown, message: "No confirm came in time.")
            }
        }
    }

    /// Writes into properties what every publication needs, while nobody else has them: later that would copy them. Then
    /// texts for people are shortened to what fits.
    func complete(_ properties: inout MessageProperties) {
        properties.messageID = publications.nextMessageID()
        if let user { properties.userID = user }
        properties.shortenTexts(toFit: publisher.frameMax)
    }

    private func sign(_ publication: Publication) -> Publication {
        let user = user
        if publication.properties.userID == user { return publication }
        var publication = publication
        publication.properties.userID = user
        return publication
    }

    /// What messages have as `user_id`: the user of the connection, when that is known.
    var user: String? { configuration.sendsUserID ? publisher.user : nil }

    /// Publishes a control message. Returns whether there was somebody to get it.
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

    /// The channel for declaring, binding and deleting: calls that are not expected to fail, and that may be made twice.
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

    /// A channel of its own, for a call that may fail: on AMQP a refusal closes the channel. It may be made twice.
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

    /// Closes both connections; what was not acknowledged goes back to its queue.
    func close() async {
        async let publisherEnd: Void = publisher.close(timeout: patience)
        async let consumerEnd: Void = consumer.close(timeout: patience)
        _ = await (publisherEnd, consumerEnd)
        await tasks.cancelAll()
    }
}

extension AMQPError {
    /// Whether a channel was ended by the call of somebody else, so that this one may be made again on another.
    fileprivate var isOfAnotherCall: Bool {
        switch code {
        case .closed, .channelClosed: true
        case .notFound, .accessRefused, .resourceLocked, .preconditionFailed: delivery != .refused
        default: false
        }
    }
}
