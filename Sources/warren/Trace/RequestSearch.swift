import AgentExchange
import Foundation
import RabbitMQExchange

/// A search for a request: agents are asked for their activity, and parked messages and failed requests are looked through.
struct RequestSearch: Sendable {
    /// The number of agents that are asked at a time.
    private static let width = 64

    /// The number of parked messages, and of failed requests, with the tag that are reported.
    private static let letters = 16

    /// The messages with the tag that operators may send again.
    struct Letters: Sendable {
        let parked: [ParkedMessage]
        /// The failed requests that agents keep.
        let failed: [ParkedMessage]
    }

    let tag: UUID
    /// How long to wait for the answer of an agent.
    let patience: Duration
    /// The time after which no further agent is asked; `nil` asks all.
    var end: ContinuousClock.Instant?

    /// Returns the messages with the tag.
    func letters(_ administration: ExchangeAdministration) async throws -> Letters {
        Letters(
            parked: try await administration.parked(limit: Self.letters) { $0.tag == tag },
            failed: try await administration.failed(limit: Self.letters) { $0.tag == tag }
        )
    }

    /// Asks agents, and returns the places of the request.
    func report(
        _ agents: [AgentID],
        _ letters: Letters,
        through client: UserExchangeClient
    ) async -> TraceReport {
        let activities = await ask(agents, through: client)
        var places = activities.flatMap { agent, activity -> [TraceReport.Place] in
            let running = activity.running.filter { $0.tag == tag }
            let ended = (activity.finished + activity.failures).filter { $0.tag == tag }
            return running.map { TraceReport.Place(state: "running", agent: agent.uuid.lowercased, request: $0) }
                + Set(ended).map { TraceReport.Place(state: "ended", agent: agent.uuid.lowercased, request: $0) }
        }
        places += letters.parked.map { TraceReport.Place(state: "parked", reason: $0.reason, message: $0.id) }
        places += letters.failed.map { message in
            // The text of the error is the action's own: `warren failed` shows it.
            let error = ["warren-error-code", "warren-error-type"].compactMap { message.headers[$0] }
            return TraceReport.Place(state: "failed", reason: error.joined(separator: " "), message: message.id)
        }
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
