internal import AMQP
public import AgentExchange
internal import Foundation
public import Logging

/// An exchange on a RabbitMQ broker: every mailbox is a durable queue.
///
/// ```swift
/// let exchange = try RabbitMQExchange(url: "amqp://guest:guest@localhost", namespace: "production")
/// let user = try await exchange.makeUserClient()
/// ```
///
/// Nothing is connected until the first transport or client is made. All transports of a process with the same broker,
/// namespace and configuration share one session: two connections, whatever their number. The last one to close closes
/// it.
///
/// Encode a factory to let another process join. Neither the password nor a path is in what is encoded. The other process
/// needs `WARREN_BROKER`, the URL of the same broker: it logs in with the password there, or with that of `WARREN_PASSWORD`
/// or of the file `WARREN_PASSWORD_FILE`, and trusts certificates as that URL says. A factory that names another host, port
/// or encryption than `WARREN_BROKER` gets no password.
public struct RabbitMQExchange: ExchangeFactory {
    /// How mailboxes, requests and connections behave.
    public let configuration: RabbitMQConfiguration

    /// The URL of the broker in the variable `WARREN_BROKER`; `nil` when that is not set, or empty.
    public static var environmentURL: String? {
        ProcessInfo.processInfo.environment["WARREN_BROKER"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The namespace. Namespaces on one broker know nothing of each other.
    public var namespace: String { names.namespace }

    let names: ExchangeNames
    private(set) var address: BrokerAddress
    private(set) var logger: Logger

    /// Describes an exchange.
    ///
    /// - Parameters:
    ///   - url: `amqp://user:password@host:port/vhost`, or `amqps://`; several hosts are separated by commas. User and
    ///     password are percent-encoded. A user without a password gets that of `WARREN_PASSWORD`, or the first line of
    ///     the file that `password_file=…` in the URL or `WARREN_PASSWORD_FILE` names, read anew for each connection.
    ///   - namespace: 1 to 64 letters, digits, `-` or `_`. Everything on the broker is called `warren.<namespace>.…`.
    ///   - configuration: How mailboxes, requests and connections behave.
    ///   - logger: What the session logs to. Payloads and passwords are never logged.
    /// - Throws: `ExchangeError` with `invalidConfiguration` for a bad URL, namespace or configuration.
    public init(
        url: String,
        namespace: String = "default",
        configuration: RabbitMQConfiguration = RabbitMQConfiguration(),
        logger: Logger = Logger(label: "warren.exchange")
    ) throws(ExchangeError) {
        names = try ExchangeNames(namespace: namespace)
        address = try BrokerAddress(url: url)
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
    }

    /// The same exchange, with credentials that are asked for whenever a connection is made: from a vault, for example.
    ///
    /// Factories share a session when they come from the same call of this. A connection that is open stays open when the
    /// password changes; the next one uses the new password. Credentials that say for how long they are valid are asked for
    /// anew before that, and the connections are made again with them. What `provide` throws makes connecting fail with
    /// `unauthorised`; of the error only its type is told. An encoded factory has no provider: a process that decodes one
    /// finds its password in the environment. On a factory that was decoded this sends the credentials to wherever that
    /// factory says: only for one whose origin you trust.
    public func loggingIn(
        with provide: @escaping @Sendable () async throws -> BrokerCredentials
    ) -> RabbitMQExchange {
        var copy = self
        copy.address.ask(CredentialsProvider { try await provide().credentials })
        return copy
    }

    /// How this process is connected to the broker, now and as it changes. Nothing has to be done about it: lost
    /// connections are made again.
    ///
    /// ```swift
    /// for await state in exchange.connectionStates { print(state) }
    /// ```
    public var connectionStates: ConnectionStates { SessionRegistry.shared.board(key).states() }

    /// How this process is connected to the broker at this moment.
    public var connectionState: ConnectionState { SessionRegistry.shared.board(key).current }

    /// The same exchange, with another logger: one that was decoded logs to the default one. The first factory of a
    /// process that opens a session gives it its logger.
    public func logging(to logger: Logger) -> RabbitMQExchange {
        var copy = self
        copy.logger = logger
        return copy
    }

    /// Makes a user with a mailbox of its own, and a transport bound to it.
    ///
    /// - Throws: `ExchangeError` with `connectionLost`, `unauthorised`, `forbidden` or `invalidMessage` (a name that is
    ///   too long).
    public func makeUserTransport(name: String?) async throws(ExchangeError) -> any ExchangeTransport {
        try await withLease { lease throws(ExchangeError) in
            let uuid = lease.session.link.wall?.uuid() ?? .random()
            let id = EntityID.user(UserID(uuid: uuid, name: try name.map(AgentID.checked(name:))))
            try await Registration.register(id, lineage: [], in: lease.session)
            do throws(ExchangeError) {
                return try await RabbitMQTransport.attach(to: id, isNew: true, lease: lease, factory: self)
            } catch {
                await Registration.undo(id, lineage: [], isKnown: true, in: lease.session)
                throw error
            }
        }
    }

    /// Opens the mailbox of a registered agent.
    ///
    /// The broker serves only one consumer of a mailbox at a time; this makes sure that it is the new one. Its prefetch is
    /// `requestLimit`, or ``RabbitMQConfiguration/prefetch`` where that is less.
    ///
    /// - Throws: `ExchangeError` with `badEntityID` when the agent is not registered or was terminated, `mailboxInUse`
    ///   when another transport receives from it, `unavailable` when its queue can't be reached.
    public func makeAgentTransport(
        _ registration: AgentRegistration,
        mode: AttachMode,
        requestLimit: Int?
    ) async throws(ExchangeError) -> any ExchangeTransport {
        let id = EntityID.agent(registration.agentID)
        return try await withLease { lease throws(ExchangeError) in
            switch try await lease.session.directory.state(of: id) {
            case .missing:
                throw ExchangeError(.badEntityID, "the agent is not registered", entity: id)
            case .terminated:
                throw ExchangeError(.badEntityID, "the agent was terminated", entity: id)
            case .registered:
                return try await RabbitMQTransport.attach(
                    to: id,
                    isNew: false,
                    mode: mode,
                    requestLimit: requestLimit,
                    lease: lease,
                    factory: self
                )
            }
        }
    }

    /// Leases the session, and gives it back when no transport came of it.
    func withLease(
        _ body: (Lease) async throws(ExchangeError) -> RabbitMQTransport
    ) async throws(ExchangeError) -> RabbitMQTransport {
        let lease = try await lease()
        do {
            return try await body(lease)
        } catch {
            await SessionRegistry.shared.giveBack(lease)
            throw error
        }
    }
}

extension RabbitMQExchange: CustomStringConvertible {
    /// The address, the user and the namespace, never the password.
    public var description: String { "\(namespace) at \(address)" }
}

extension RabbitMQExchange: Codable {
    private enum CodingKeys: String, CodingKey {
        case broker, namespace, configuration
    }

    /// Decodes a factory; the password comes from the environment.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        names = try ExchangeNames(namespace: try fields.decode(String.self, forKey: .namespace))
        address = try fields.decode(BrokerAddress.self, forKey: .broker)
        configuration = try fields.decode(RabbitMQConfiguration.self, forKey: .configuration)
        try configuration.validate()
        logger = Logger(label: "warren.exchange")
    }

    /// Encodes everything but the password and the logger.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(address, forKey: .broker)
        try fields.encode(namespace, forKey: .namespace)
        try fields.encode(configuration, forKey: .configuration)
    }
}
