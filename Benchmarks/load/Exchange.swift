import AgentExchange
public import ArgumentParser
import HybridExchange
public import RabbitMQExchange

/// Where the exchange of a measurement is.
struct Exchange: ParsableArguments {
    @Option(help: "The broker.")
    var broker: String

    @Option(help: "The namespace.")
    var namespace: String

    @Option(help: "Mailboxes: replicated or single.")
    var mailboxes = MailboxKind.replicated

    @Option(help: "Requests that a mailbox hands out before the first is answered.")
    var prefetch = 256

    @Option(help: "The largest message, in bytes. With one that is smaller than two answers, these come one by one.")
    var largest: Int?

    @Option(help: "Seconds that a compaction of the directory waits for records on their way.")
    var grace = 60

    @Option(help: "Direct connections: tcp, unix, encrypted, broker (with a copy), nowhere (none can be made) or none.")
    var direct = Direct.none

    @Flag(help: "Connections and tasks share one thread.")
    var sharedThread = false

    /// The executor of the tasks that are measured.
    var executor: (any TaskExecutor)? { sharedThread ? RabbitMQExchange.taskExecutor : nil }

    /// - Parameter name: Factories of one name share a session.
    func open(_ name: String? = nil, compacts: Bool = true) throws -> any ExchangeFactory {
        var configuration = RabbitMQConfiguration()
        configuration.mailboxKind = mailboxes
        configuration.prefetch = prefetch
        if let largest { configuration.maximumMessageSize = largest }
        configuration.operationTimeout = .seconds(120)
        configuration.compactionGrace = .seconds(grace)
        if !compacts { configuration.compactionThreshold = Int(Int32.max) }
        configuration.sharesThread = sharedThread
        if let name { configuration.connectionName = name }
        let exchange = try RabbitMQExchange(url: broker, namespace: namespace, configuration: configuration)
        guard let direct = direct.configuration else { return exchange }
        return try HybridExchange(over: exchange, direct: direct)
    }
}

/// The direct connections of a measurement.
enum Direct: String, CaseIterable, ExpressibleByArgument {
    case none, tcp, unix, encrypted, broker, nowhere

    var configuration: DirectConfiguration? {
        switch self {
        case .none: nil
        case .tcp: DirectConfiguration(listen: [.tcp(.towardsBroker)])
        case .unix: DirectConfiguration(listen: [.unix()])
        case .encrypted: DirectConfiguration(listen: [.tcp(.towardsBroker)], security: .encrypted)
        case .broker: DirectConfiguration(listen: [.tcp(.towardsBroker)], durability: .broker)
        case .nowhere: DirectConfiguration(listen: [])
        }
    }
}

extension MailboxKind: @retroactive ExpressibleByArgument {}
