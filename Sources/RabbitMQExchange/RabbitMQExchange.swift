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
/// The first transport or client connects. All transports of a process with the same broker, namespace and
/// configuration share one session with two connections. The last transport to close also closes the session.
///
/// Encode a factory to let another process join. The encoding contains neither a password nor a path. The other process
/// needs `WARREN_BROKER`, the URL of the same broker. It logs in with the password in that URL, in `WARREN_PASSWORD` or
/// in the file `WARREN_PASSWORD_FILE`, and trusts certificates as that URL says. A factory that names another host,
/// port or encryption than `WARREN_BROKER` gets no password.
public struct RabbitMQExchange: ExchangeFactory {
    /// The settings of mailboxes, requests and connections.
    public let configuration: RabbitMQConfiguration

    /// The URL of the broker in the variable `WARREN_BROKER`; `nil` when it is unset or empty.
    public static var environmentURL: String? {
        ProcessInfo.processInfo.environment["WARREN_BROKER"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The namespace in the variable `WARREN_NAMESPACE`; `nil` when it is unset or empty.
    public static var environmentNamespace: String? {
        ProcessInfo.processInfo.environment["WARREN_NAMESPACE"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The thread of the connections with ``RabbitMQConfiguration/sharesThread``, as an executor of tasks.
    ///
    /// ```swift
    /// let answers = try await withTaskExecutorPreference(RabbitMQExchange.taskExecutor) { try await ask(till) }
    /// ```
    ///
    /// A call in such a task, or an action of an agent with this `ClientConfiguration.taskExecutor`, wakes no other thread, and
    /// takes about half of the processor time that it takes elsewhere. All tasks on it together use one processor, so it is for
    /// short ones. One that keeps the thread longer than 1 ms loses it: another thread serves the connections and the
    /// other tasks then.
    public static var taskExecutor: any TaskExecutor { ConnectionLoop.shared }

    /// The namespace. Namespaces on one broker are independent of each other.
    public var namespace: String { names.namespace }

    /// Carries messages past the broker where it can, for an exchange that is built on this one.
    package var direct: (any DirectWayProvider)?

    /// The way past the broker of this process's session; `nil` while there is no session.
    package var directWay: (any DirectWay)? {
        get async { await SessionRegistry.shared.session(key)?.direct }
    }

    let names: ExchangeNames
    private(set) var address: BrokerAddress
    private(set) var logger: Logger

    /// Describes an exchange.
    ///
    /// - Parameters:
    ///   - url: `amqp://user:password@host:port/vhost`, or `amqps://`; commas separate several hosts. User and password
    ///     are percent-encoded. A user without a password gets that of `WARREN_PASSWORD`, or the first line of the file
    ///     named by `password_file=…` in the URL or by `WARREN_PASSWORD_FILE`, read for each connection.
    ///   - namespace: 1 to 64 letters, digits, `-` or `_`. Every name on the broker begins with `warren.<namespace>.`.
    ///   - configuration: The settings of mailboxes, requests and connections.
    ///   - logger: The session's logger. Payloads and passwords are never logged.
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

    /// Returns the same exchange with a credentials provider, such as a vault, that is called for every connection.
    ///
    /// Factories share a session when they come from the same call of this function. An open connection stays open when
    /// the password changes; the next one uses the new password. Credentials with a validity period are requested again
    /// before it ends, and the connections are renewed with them. If `provide` throws, connecting fails with
    /// `unauthorized`; only the type of the error is reported. An encoded factory has no provider: a process that
    /// decodes it finds its password in the environment. On a decoded factory this function sends the credentials to
    /// the broker that the factory names: use it only if you trust the factory's origin.
    public func loggingIn(
        with provide: @escaping @Sendable () async throws -> BrokerCredentials
    ) -> RabbitMQExchange {
        var copy = self
        copy.address.ask(CredentialsProvider { try await provide().credentials })
        return copy
    }

    /// The state of this process's connection to the broker, now and as it changes. Nothing has to be done about it:
    /// lost connections are restored.
    ///
    /// ```swift
    /// for await state in exchange.connectionStates { print(state) }
    /// ```
    public var connectionStates: ConnectionStates { SessionRegistry.shared.feed(key).states() }

    /// The current state of this process's connection to the broker.
    public var connectionState: ConnectionState { SessionRegistry.shared.feed(key).current }

    /// Returns the same exchange with another logger. A decoded factory uses the default logger. The first factory of a
    /// process that opens a session gives the session its logger.
    public func logging(to logger: Logger) -> RabbitMQExchange {
        var copy = self
        copy.logger = logger
        return copy
    }

    /// Makes a user with a mailbox of its own, and a transport bound to it.
    ///
    /// - Throws: `ExchangeError` with `connectionLost`, `unauthorized`, `forbidden` or `invalidMessage` (the name is
    ///   too long).
    public func makeUserTransport(name: String?) async throws(ExchangeError) -> any ExchangeTransport {
        try await withLease { lease throws(ExchangeError) in
            let name = try name.map(AgentID.checked(name:))
            let id = EntityID.user(UserID(uuid: lease.session.link.newUUID(), name: name))
            try await Registration.register(id, lineage: [], in: lease.session)
            do throws(ExchangeError) {
                return try await MailboxAttachment.open(id, isNew: true, session: lease.session)
            } catch {
                await Registration.undo(id, lineage: [], isKnown: true, in: lease.session)
                throw error
            }
        }
    }

    /// Opens the mailbox of a registered agent.
    ///
    /// The broker serves only one consumer of a mailbox at a time; this makes sure that it is the new one. Its prefetch
    /// is the lower of `requestLimit` and ``RabbitMQConfiguration/prefetch``. Of a work group it serves all; the new one joins
    /// the others, also when `registration` does not say that it is one.
    ///
    /// The first one of a process reads the directory, and waits for that as long as records come, also for longer than
    /// ``RabbitMQConfiguration/operationTimeout``.
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
            switch try await lease.session.directory.state(of: id, isPatient: true) {
            case .missing:
                throw ExchangeError(.badEntityID, "the agent is not registered", entity: id)
            case .terminated:
                throw ExchangeError(.badEntityID, "the agent was terminated", entity: id)
            case .registered:
                return try await MailboxAttachment.open(
                    id,
                    isNew: false,
                    mode: mode,
                    requestLimit: requestLimit,
                    isMember: registration.sharing == .group || lease.session.directory.isShared(id),
                    session: lease.session
                )
            }
        }
    }

    /// Makes a transport on the shared session, and releases the session if `body` fails.
    func withLease(
        _ body: (Lease) async throws(ExchangeError) -> MailboxAttachment
    ) async throws(ExchangeError) -> RabbitMQTransport {
        let lease = try await lease()
        do {
            return RabbitMQTransport(try await body(lease), lease: lease, exchange: self)
        } catch {
            await SessionRegistry.shared.giveBack(lease)
            throw error
        }
    }
}

extension RabbitMQExchange {
    /// Returns the user and password that a connection logs in with now; `nil` for a login with a certificate.
    ///
    /// - Throws: ``ExchangeError/Code/unauthorized`` when there are none, and the errors of a provider.
    package func login() async throws(ExchangeError) -> (user: String, password: String)? {
        let settings = try address.connection(configuration)
        do throws(AMQPError) {
            return try await settings.credentials.userAndPassword(until: .after(configuration.operationTimeout))
        } catch {
            throw ExchangeError(error, "there are no credentials")
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
