import AgentExchange
import Foundation
import HybridExchange
import Logging
import RabbitMQExchange

/// What a member of the run is started with: the first line of its standard input.
struct MemberOrder: Codable, Sendable {
    enum Role: String, Codable, Sendable {
        case requester, agent

        /// The broker user of all members with this role.
        var brokerUser: String { rawValue + "s" }
    }

    let role: Role
    /// The life's name: `agent-1#2`.
    let name: String
    /// Where its ledger goes.
    let directory: String
    let exchange: RabbitMQExchange
    /// Whether members talk directly where they can.
    let isHybrid: Bool
    let seed: UInt64
    /// Whether requesters ask the agents of workers, and agents are workers.
    let isWorkers: Bool
    let sabotage: Sabotage?
    /// A requester that calls by handles, or an agent that stands by for another.
    let isVariant: Bool
}

/// What a member is told later, a line each.
enum MemberCommand: Codable, Sendable {
    /// A requester asks this agent from now on, in the place of the one before.
    case ask(slot: Int, AgentRegistration)
    /// An agent serves this mailbox too.
    case serve(AgentRegistration)
    /// A requester terminates a mailbox.
    case terminate(AgentRegistration)
    /// A requester asks no more, and waits for its answers this long.
    case finish(seconds: Int)
    /// An agent answers what it has, and ends.
    case end
}

extension MemberOrder {
    /// The exchange of the member, with its log.
    func factory(logger: Logger) throws -> any ExchangeFactory {
        let broker = exchange.logging(to: logger)
        #if Hybrid
            if isHybrid {
                var direct = DirectConfiguration()
                // A send must end within the limit of an operation, also when its peer stands still.
                direct.keepAlive = .seconds(1)
                // Both kinds of copies and of sockets, in different members.
                if seed.isMultiple(of: 3) { direct.durability = .broker }
                if seed % 7 < 3 { direct.listen = [.tcp(.towardsBroker)] }
                return try HybridExchange(over: broker, direct: direct)
            }
        #endif
        return broker
    }
}

extension Encodable {
    /// JSON on one line.
    func line() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
}

extension Decodable {
    /// From JSON on one line.
    init(line: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(line.utf8)) }
}
