#if Hybrid
    public import AgentExchange
    public import Logging
    public import RabbitMQExchange

    /// An exchange on a RabbitMQ broker whose living processes talk directly to each other.
    ///
    /// ```swift
    /// let exchange = try HybridExchange(url: "amqps://shop@broker", namespace: "shop")
    /// let user = try await exchange.makeUserClient()
    /// ```
    ///
    /// It works like `RabbitMQExchange`, on the same mailboxes; a namespace may have processes of both. Messages
    /// between two processes that can reach each other go over one socket between them. The broker keeps mailboxes, directory,
    /// terminations, dead letters, and every message that can't go directly. The first call to an agent goes through the broker;
    /// when its answer tells that the agent's process can be reached, later ones go directly. No message waits for a connection.
    ///
    /// The guarantees are those of `RabbitMQExchange`, except one with ``DirectConfiguration/Durability/requester``: a request that
    /// went directly is lost when both processes die before either has noticed the end of the other.
    public struct HybridExchange: ExchangeFactory {
        /// The settings of direct connections.
        public let direct: DirectConfiguration

        /// The exchange on the broker, which keeps everything that can't go directly.
        public let broker: RabbitMQExchange

        /// Describes an exchange.
        ///
        /// - Parameters:
        ///   - url, namespace, configuration, logger: See `RabbitMQExchange`.
        ///   - direct: The settings of direct connections.
        /// - Throws: `ExchangeError` with `invalidConfiguration` for a bad URL, namespace or configuration.
        public init(
            url: String,
            namespace: String = "default",
            direct: DirectConfiguration = DirectConfiguration(),
            configuration: RabbitMQConfiguration = RabbitMQConfiguration(),
            logger: Logger = Logger(label: "warren.exchange")
        ) throws(ExchangeError) {
            try self.init(
                over: RabbitMQExchange(url: url, namespace: namespace, configuration: configuration, logger: logger),
                direct: direct
            )
        }

        /// Describes an exchange on the mailboxes of another.
        ///
        /// - Throws: `ExchangeError` with `invalidConfiguration` for a bad setting.
        public init(
            over broker: RabbitMQExchange,
            direct: DirectConfiguration = DirectConfiguration()
        ) throws(ExchangeError) {
            try direct.validate()
            var broker = broker
            broker.direct = PeerRouting(configuration: direct)
            self.broker = broker
            self.direct = direct
        }

        /// Makes a user with a mailbox of its own, and a transport bound to it. See `RabbitMQExchange`.
        ///
        /// - Throws: `ExchangeError` as `RabbitMQExchange` does, and with `invalidConfiguration` when the process can't listen
        ///   where it was told to.
        public func makeUserTransport(name: String?) async throws(ExchangeError) -> any ExchangeTransport {
            try await broker.makeUserTransport(name: name)
        }

        /// Opens the mailbox of a registered agent. See `RabbitMQExchange`.
        ///
        /// - Throws: `ExchangeError` as `RabbitMQExchange` does, and with `invalidConfiguration` when the process can't listen
        ///   where it was told to.
        public func makeAgentTransport(
            _ registration: AgentRegistration,
            mode: AttachMode,
            requestLimit: Int?
        ) async throws(ExchangeError) -> any ExchangeTransport {
            try await broker.makeAgentTransport(registration, mode: mode, requestLimit: requestLimit)
        }

        /// Returns the registration of the agent with a display name. See `RabbitMQExchange`.
        public func registration(
            named name: String,
            type: AgentType
        ) async throws(ExchangeError) -> AgentRegistration {
            try await broker.registration(named: name, type: type)
        }

        /// Returns the registration of the agent with a display name, whose mailbox has one receiver or many.
        public func registration(
            named name: String,
            type: AgentType,
            sharing: MailboxSharing
        ) async throws(ExchangeError) -> AgentRegistration {
            try await broker.registration(named: name, type: type, sharing: sharing)
        }
    }

    extension HybridExchange {
        /// The processes to which this one has a connection now.
        public var directPeers: [DirectPeer] {
            get async { (await broker.directWay as? PeerRouter)?.peers ?? [] }
        }
    }

    extension HybridExchange: CustomStringConvertible {
        /// The address, the user and the namespace, never the password.
        public var description: String { broker.description }
    }

    extension HybridExchange: Codable {
        private enum CodingKeys: String, CodingKey {
            case broker, direct
        }

        /// Decodes a factory; the password comes from the environment. Paths are not taken from elsewhere, and neither is the
        /// wish to send unencrypted beside an encrypted broker connection: sockets lie in the folder of this process's user,
        /// and `.plain` becomes `.asBroker`.
        public init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            try self.init(
                over: try fields.decode(RabbitMQExchange.self, forKey: .broker),
                direct: try fields.decode(DirectConfiguration.self, forKey: .direct).fromElsewhere
            )
        }

        /// Encodes everything but the password, keys and the logger.
        public func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(broker, forKey: .broker)
            try fields.encode(direct, forKey: .direct)
        }
    }

    /// Makes the direct ways of sessions.
    struct PeerRouting: DirectWayProvider {
        let configuration: DirectConfiguration

        /// Equal settings have equal names.
        var name: String { "\(configuration)" }

        var exchangeKind: String { "hybrid" }

        func makeWay(_ facts: DirectFacts) -> any DirectWay { PeerRouter(configuration, facts) }

        func factory(over exchange: RabbitMQExchange) -> any ExchangeFactory {
            (try? HybridExchange(over: exchange, direct: configuration)) ?? exchange
        }
    }
#endif
