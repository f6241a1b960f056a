#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import HybridExchange
    import Logging
    import RabbitMQExchange
    import Synchronization

    /// Two sessions of one namespace, as two processes have them.
    struct HybridScene: Sendable {
        let broker: PrivateBroker
        let namespace = "hybrid-" + UUID().uuidString.prefix(8).lowercased()
        let log = LogRecorder()
        /// Records everything, unless the scene is quiet.
        let logger: Logger
        let caller: HybridExchange
        let server: HybridExchange

        /// - Parameters:
        ///   - proxy: The way to the broker.
        ///   - isQuiet: Whether nothing is logged, and kept.
        ///   - change: Changes the settings of the caller's and of the server's direct connections.
        init(
            _ kind: MailboxKind = .replicated,
            on broker: PrivateBroker? = nil,
            through proxy: FaultProxy? = nil,
            isQuiet: Bool = false,
            configure: (inout RabbitMQConfiguration) -> Void = { _ in },
            direct change: (inout DirectConfiguration, inout DirectConfiguration) -> Void = { _, _ in }
        ) async throws {
            if let broker { self.broker = broker } else { self.broker = try await PrivateBroker.shared() }
            var configuration = RabbitMQConfiguration()
            configuration.mailboxKind = kind
            configure(&configuration)
            var own = DirectConfiguration(listen: [.tcp(.address("127.0.0.1"))])
            var others = own
            change(&own, &others)
            let url = proxy.map { "amqp://guest:guest@127.0.0.1:\($0.listenPort)" } ?? self.broker.amqpURL
            let logger = isQuiet ? Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() } : log.logger
            self.logger = logger
            let namespace = namespace
            func exchange(_ name: String, _ direct: DirectConfiguration) throws -> HybridExchange {
                var configuration = configuration
                configuration.connectionName = "\(namespace) \(name)"
                return try HybridExchange(
                    url: url,
                    namespace: namespace,
                    direct: direct,
                    configuration: configuration,
                    logger: logger
                )
            }
            caller = try exchange("caller", own)
            server = try exchange("server", others)
        }

        /// A scene whose caller reaches the server through a proxy only.
        static func proxied(
            _ kind: MailboxKind = .replicated,
            on broker: PrivateBroker? = nil,
            durability: DirectConfiguration.Durability = .requester,
            keepAlive: Duration = .seconds(5),
            configure: (inout RabbitMQConfiguration) -> Void = { _ in }
        ) async throws -> (scene: HybridScene, proxy: FaultProxy) {
            // The server's port is chosen like a proxy's, which the kernel gives to nobody else.
            let place = try FaultProxy(targetPort: 1)
            let port = place.listenPort
            await place.stop()
            let proxy = try FaultProxy(targetPort: port)
            let scene = try await HybridScene(
                kind,
                on: broker,
                configure: configure,
                direct: { caller, server in
                    caller.listen = []
                    server.listen = [.tcp(.address("127.0.0.1"), ports: [port])]
                    server.advertise = "127.0.0.1:\(proxy.listenPort)"
                    caller.keepAlive = keepAlive
                    server.keepAlive = keepAlive
                    caller.durability = durability
                }
            )
            return (scene, proxy)
        }

        func user(_ exchange: HybridExchange? = nil) async throws -> UserExchangeClient {
            try await (exchange ?? caller).makeUserClient(configuration: ClientConfiguration(logger: logger))
        }

        /// An agent that serves with a function; by default it returns its argument.
        func agent(
            on exchange: HybridExchange? = nil,
            _ serve: @escaping RequestHandler = { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                let number: Int = try arguments.decode(Int.self)
                return try request.response(encoding: number)
            }
        ) async throws -> AgentExchangeClient {
            let exchange = exchange ?? server
            let registration = try await exchange.registration(named: UUID().uuidString, type: AgentType("Echo"))
            return try await agent(for: registration, on: exchange, serve)
        }

        /// An agent that is registered already.
        func agent(
            for registration: AgentRegistration,
            on exchange: HybridExchange? = nil,
            _ serve: @escaping RequestHandler
        ) async throws -> AgentExchangeClient {
            try await (exchange ?? server).makeAgentClient(
                registration,
                configuration: ClientConfiguration(logger: logger),
                requestHandler: serve
            )
        }

        /// The number of requests in an agent's queue that wait or are held; `nil` when the broker does not know yet.
        func load(of agent: AgentID) async throws -> Int? {
            let queue = try await broker.management.queue(
                "warren.\(namespace).agent.\(agent.uuid.uuidString.lowercased())"
            )
            guard let queue, let ready = queue.ready, let held = queue.unacknowledged else { return nil }
            return ready + held
        }

        /// Calls an agent until its requests go directly, and its answers too.
        func rise(_ handle: RemoteHandle) async throws {
            try await eventually("a direct lane in each direction") {
                _ = try await handle.action("echo", ActionArguments(0), returning: Int.self)
                return await isDirect ? true : nil
            }
        }

        /// Whether a lane of each session is direct.
        var isDirect: Bool {
            get async {
                let (own, others) = (await caller.directPeers, await server.directPeers)
                return own.contains { $0.lanes > 0 } && others.contains { $0.lanes > 0 }
            }
        }
    }
#endif
