import AgentExchange
import ExchangeTestKit
import Foundation
import Logging
import RabbitMQExchange

#if Hybrid
    import HybridExchange
#endif

/// The way of messages between the sessions of a test.
enum MessageWay: String, Sendable {
    case broker
    /// A socket between two sessions, where one can be had.
    case direct
}

/// A namespace of one test on a broker.
struct Scene: Sendable {
    let broker: PrivateBroker
    let namespace: String
    let log = LogRecorder()
    var configuration = RabbitMQConfiguration()
    /// The way of messages between sessions.
    var way = MessageWay.broker
    /// Where sessions with this name connect, when it is not the broker itself.
    var urls: [String: String] = [:]

    /// A namespace that nothing else uses, on the broker that all tests share unless another is given.
    init(
        _ kind: MailboxKind = .replicated,
        on broker: PrivateBroker? = nil,
        by way: MessageWay = .broker,
        configure: (inout RabbitMQConfiguration) -> Void = { _ in }
    ) async throws {
        if let broker { self.broker = broker } else { self.broker = try await PrivateBroker.shared() }
        namespace = "test-" + UUID().uuidString.prefix(8).lowercased()
        self.way = way
        configuration.mailboxKind = kind
        configure(&configuration)
    }

    /// Another namespace on the same broker.
    init(_ other: Scene, namespace: String) {
        broker = other.broker
        self.namespace = namespace
        way = other.way
        configuration = other.configuration
    }

    var management: BrokerManagement { broker.management }

    /// `warren.<namespace>.` and what follows.
    func name(_ rest: String) -> String { "warren.\(namespace).\(rest)" }

    /// A factory; those with the same session name share a session.
    func exchange(_ session: String = "one", level: Logger.Level = .warning) throws -> RabbitMQExchange {
        var configuration = configuration
        configuration.connectionName = "\(namespace) \(session)"
        var logger = log.logger
        logger.logLevel = level
        return try onItsWay(
            RabbitMQExchange(
                url: urls[session] ?? broker.amqpURL,
                namespace: namespace,
                configuration: configuration,
                logger: logger
            )
        )
    }

    /// Returns a factory whose sessions send by the way of this scene.
    func onItsWay(_ exchange: RabbitMQExchange) throws -> RabbitMQExchange {
        #if Hybrid
            guard way == .direct else { return exchange }
            let direct = DirectConfiguration(listen: [.tcp(.address("127.0.0.1"))])
            return try HybridExchange(over: exchange, direct: direct).broker
        #else
            return exchange
        #endif
    }

    /// A client that logs to ``log``.
    func user(_ session: String = "one") async throws -> UserExchangeClient {
        try await exchange(session).makeUserClient(configuration: ClientConfiguration(logger: log.logger))
    }

    /// Makes the namespace, and halts and starts its broker in good order. One that is killed soon after its first stream was declared
    /// may never find its streams again (seen with RabbitMQ 3.10.8); after this it does.
    func keepStreams(of broker: PrivateBroker) async throws {
        await (try user("first")).close()
        try await broker.restart()
    }

    /// An agent that serves what ``Deeds`` knows.
    func serve(_ registration: AgentRegistration, _ session: String = "two") async throws -> AgentExchangeClient {
        try await exchange(session).makeAgentClient(
            registration,
            configuration: ClientConfiguration(logger: log.logger),
            requestHandler: Deeds.serve
        )
    }

    /// How many messages are ready in a queue, and how many a consumer holds; `nil` when there is no such queue.
    func load(of queue: String) async throws -> QueueLoad? {
        try await management.queue(name(queue)).map { QueueLoad(ready: $0.ready ?? -1, held: $0.unacknowledged ?? -1) }
    }

    /// Waits until a queue has exactly this.
    func expectLoad(_ load: QueueLoad, of queue: String, timeout: Duration = .seconds(15)) async throws {
        try await eventually("\(load) in \(queue)", timeout: timeout, value: { try await self.load(of: queue) }) {
            $0 == load
        }
    }
}

/// What is in a queue.
struct QueueLoad: Sendable, Equatable, CustomStringConvertible {
    var ready = 0
    var held = 0

    static let empty = QueueLoad()

    var description: String { "\(ready) ready and \(held) held" }
}

/// What the agents of this process do.
enum Deeds {
    @Sendable
    static func serve(_ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        guard case .action(let name, let arguments) = request.body else { return request.response() }
        switch name {
        case "double": return try request.response(encoding: try arguments.decode(Int.self) * 2)
        case "attempt": return try request.response(encoding: request.attempt)
        default: throw Failure(.remote, "there is no action \(name)")
        }
    }
}

/// The error that a call ends with, and how long it took.
func outcome<Value>(
    of body: () async throws -> Value
) async -> (error: ExchangeError?, duration: Duration) {
    let start = ContinuousClock.now
    do {
        _ = try await body()
        return (nil, start.duration(to: .now))
    } catch {
        let error = error as? ExchangeError ?? ExchangeError(.internal, "not an ExchangeError: \(error)")
        return (error, start.duration(to: .now))
    }
}
