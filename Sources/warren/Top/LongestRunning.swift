import AgentExchange
import Foundation
import RabbitMQExchange

/// Asks agents that have requests in work how long the longest of their actions has been running, which the broker can't tell.
actor LongestRunning {
    /// The number of agents that are asked for a reading: those with the most requests in work.
    private static let limit = 128
    /// The number of agents that are asked at a time.
    private static let width = 32
    /// How long to wait for the answer of an agent.
    private static let patience = Duration.seconds(1)
    /// The time after which no further agent is asked.
    private static let span = Duration.seconds(2)

    private let exchange: RabbitMQExchange
    private var visitor: UserExchangeClient?

    init(exchange: RabbitMQExchange) {
        self.exchange = exchange
    }

    /// Closes the connection.
    func close() async {
        await visitor?.close()
        visitor = nil
    }

    /// Returns the seconds by agent. Agents that do not answer in time, and those that are not asked, are left out.
    func seconds(_ reading: NamespaceReading) async -> [UUID: Int] {
        let agents = (reading.snapshot?.agents ?? [])
            .filter { $0.figures?.inWork ?? 0 > 0 && $0.figures?.consumers ?? 0 > 0 }
            .sorted { $0.figures?.inWork ?? 0 > $1.figures?.inWork ?? 0 }
            .prefix(Self.limit)
            .map(\.id)
        guard !agents.isEmpty, let client = await connected() else { return [:] }
        let end = ContinuousClock.now + Self.span
        return await withTaskGroup(of: (UUID, Int?).self) { group in
            var rest = agents[...]
            func askNext() {
                guard !Task.isCancelled, .now < end, let agent = rest.popFirst() else { return }
                group.addTask { (agent, await Self.seconds(of: AgentID(uuid: agent), client)) }
            }
            for _ in 0..<Self.width { askNext() }
            var found: [UUID: Int] = [:]
            while let (agent, seconds) = await group.next() {
                found[agent] = seconds
                askNext()
            }
            return found
        }
    }

    private static func seconds(of agent: AgentID, _ client: UserExchangeClient) async -> Int? {
        let activity = try? await client.handle(to: agent).activity(deadline: patience)
        guard let began = activity?.running.map(\.began).min() else { return nil }
        // By the clock of this machine.
        return Int(exactly: max(0, Date.now.timeIntervalSince(began)).rounded())
    }

    private func connected() async -> UserExchangeClient? {
        if visitor == nil { visitor = try? await exchange.makeVisitorClient(name: "top") }
        return visitor
    }
}
