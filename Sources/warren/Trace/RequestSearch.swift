import AgentExchange
import Foundation
import RabbitMQExchange

/// A search for a request: agents are asked for their activity, and the parked messages are looked through.
struct RequestSearch: Sendable {
    /// The number of agents that are asked at a time.
    private static let width = 64

    /// The number of parked messages with the tag that are reported.
    private static let parked = 16

    let tag: UUID
    /// How long to wait for the answer of an agent.
    let patience: Duration
    /// The time after which no further agent is asked; `nil` asks all.
    var end: ContinuousClock.Instant?

    /// Returns the parked messages with the tag.
    func parked(_ administration: ExchangeAdministration) async throws -> [ParkedMessage] {
        try await administration.parked(limit: Self.parked) { $0.tag == tag }
    }

    /// Asks agents, and returns the places of the request.
    func report(
        _ agents: [AgentID],
        parked: [ParkedMessage],
        through client: UserExchangeClient
    ) async -> TraceReport {
        let activities = await ask(agents, through: client)
        var places = activities.flatMap { agent, activity -> [TraceReport.Place] in
            let running = activity.running.filter { $0.tag == tag }
            let ended = (activity.finished + activity.failures).filter { $0.tag == tag }
            return running.map { TraceReport.Place(state: "running", agent: agent.uuid.lowercased, request: $0) }
                + Set(ended).map { TraceReport.Place(state: "ended", agent: agent.uuid.lowercased, request: $0) }
        }
        places += parked.map { TraceReport.Place(state: "parked", reason: $0.reason, message: $0.id) }
        return TraceReport(tag: tag.lowercased, places: places, asked: agents.count, answered: activities.count)
    }

    private func ask(_ agents: [AgentID], through client: UserExchangeClient) async -> [(AgentID, AgentActivity)] {
        let limit = patience
        return await withTaskGroup(of: (AgentID, AgentActivity)?.self) { group in
            var found: [(AgentID, AgentActivity)] = []
            var rest = agents[...]
            func askNext() {
                guard !Task.isCancelled, end.map({ .now < $0 }) ?? true, let agent = rest.popFirst() else { return }
                group.addTask {
                    guard let activity = try? await client.handle(to: agent).activity(deadline: limit) else {
                        return nil
                    }
                    return (agent, activity)
                }
            }
            for _ in 0..<Self.width { askNext() }
            while let answer = await group.next() {
                if let answer { found.append(answer) }
                askNext()
            }
            return found
        }
    }
}
