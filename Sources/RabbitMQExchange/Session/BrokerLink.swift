internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging

/// The two connections of a session and what is done with them: one publishes, one consumes and declares.
///
/// Declaring happens on the consuming connection, because a memory alarm stops everything on one that publishes.
final class BrokerLink: Sendable {
    let names: ExchangeNames
    let configuration: RabbitMQConfiguration
    let sessionID: UUID
    let publisher: Connection
    let consumer: Connection
    let logger: Logger
    let metrics: ExchangeMetrics
    private let publishing: Channel
    private let declaring: Channel
    private let announcing: AnnouncingChannel
    /// What messages have as `user_id`: the user of the connection, when that is known.
    let user: String?

    /// Opens both connections and their channels.
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
        let sessionID = UUID()
        var logger = logger
        logger[metadataKey: LogKey.session.rawValue] = .string(sessionID.lowercased)
        self.logger = logger
        self.sessionID = sessionID
        metrics = .current
        var publisherSettings = connection
        publisherSettings.name = "\(connection.name) publisher"
        var consumerSettings = connection
        consumerSettings.name = "\(connection.name) consumer"
        publisher = Connection(configuration: publisherSettings, logger: logger)
        consumer = Connection(configuration: consumerSettings, logger: logger)
        do {
            try await publisher.open()
            metrics.count(.connectionsOpened, .role("publisher"))
            try await consumer.open()
            metrics.count(.connectionsOpened, .role("consumer"))
            let deadline = Deadline.after(configuration.operationTimeout)
            publishing = try await publisher.openChannel(confirms: true, deadline: deadline)
            announcing = try await AnnouncingChannel(on: publisher, deadline: deadline)
            declaring = try await consumer.openChannel(confirms: false, deadline: deadline)
            user = configuration.sendsUserID ? publisher.user : nil
        } catch {
            await publisher.close(timeout: .seconds(1))
            await consumer.close(timeout: .seconds(1))
            throw ExchangeError(error, "can't connect to the broker")
        }
    }

    /// The limit of an operation that begins now.
    var deadline: Deadline { .after(configuration.operationTimeout) }

    /// How long the end of something is waited for: 5 s, or less when operations have less.
    var patience: Duration { min(.seconds(5), configuration.operationTimeout) }

    /// The queue of this session, to which answers come.
    var replyTo: String { names.sessionQueue(sessionID) }

    /// Publishes and waits for the confirm.
    ///
    /// - Parameter signed: Whether the broker vouches for who sends it. Not when somebody else's message is moved.
    func publish(_ publication: Publication, deadline: Deadline? = nil, signed: Bool = true) async throws(AMQPError) {
        let publication = signed ? sign(publication) : publication
        try await publishing.publish(publication, deadline: deadline ?? self.deadline)
    }

    /// Publishes a record of the directory and waits for the confirm. A refusal ends nothing else.
    func announce(_ publication: Publication) async throws(AMQPError) {
        try await announcing.publish(sign(publication), deadline: deadline)
    }

    private func sign(_ publication: Publication) -> Publication {
        var publication = publication
        publication.properties.userID = user
        return publication
    }

    /// Publishes a control message. Returns whether there was somebody to get it.
    func publish(
        _ control: ControlMessage,
        key: String,
        deadline: Deadline? = nil
    ) async throws(AMQPError) -> Bool {
        do {
            try await publish(control.publication(to: names.mailboxes, key: key), deadline: deadline)
            return true
        } catch let error where error.code == .unroutable {
            return false
        }
    }

    /// The channel for declaring, binding and deleting: calls that are not expected to fail.
    func declare<Result>(
        _ what: String,
        entity: EntityID? = nil,
        _ body: (Channel) async throws(AMQPError) -> Result
    ) async throws(ExchangeError) -> Result {
        do {
            return try await body(declaring)
        } catch let error where error.code == .closed || error.code == .channelClosed {
            return try await attempt(what, entity: entity, body)
        } catch {
            throw ExchangeError(error, what, entity: entity)
        }
    }

    /// A channel of its own, for a call that may fail: on AMQP a refusal closes the channel.
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

    /// Looks at a mailbox's queue; `nil` when it is not there.
    ///
    /// - Throws: ``ExchangeError/Code/unavailable`` when it exists on a node that is down: the broker reports that as
    ///   "not found", and only the text of the reply tells.
    func lookAt(_ id: EntityID) async throws(ExchangeError) -> QueueStatus? {
        let declaration = QueueDeclaration(name: names.queue(of: id), passive: true)
        do {
            let limit = deadline
            return try await consumer.withChannel(deadline: limit) { (channel) throws(AMQPError) in
                try await channel.declareQueue(declaration, deadline: limit)
            }
        } catch let error where error.code == .notFound {
            if error.message.contains("down or inaccessible") {
                throw ExchangeError(error, "the node that has the mailbox is down", entity: id)
            }
            return nil
        } catch {
            throw ExchangeError(error, "can't look at the mailbox", entity: id)
        }
    }

    /// Closes both connections; what was not acknowledged goes back to its queue.
    func close() async {
        async let publisherEnd: Void = publisher.close(timeout: patience)
        async let consumerEnd: Void = consumer.close(timeout: patience)
        _ = await (publisherEnd, consumerEnd)
    }
}
