import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// `warren trace`.
struct TraceCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Looks for a request: which agent runs it or has ended it, and whether it was parked.",
        discussion: """
            Every agent is asked for its activity, 64 at a time, and the parked messages are looked through. A request in no \
            place waits in a mailbox (the broker can't show those), ended before the last actions that its \
            agent remembers, or is that of an agent that does not answer: the status is then 1.

            EXAMPLE
              warren trace 1a5cc73a-ccfa-4970-af59-bd1cb179ecc2 --type Till
            """
    )

    /// The number of agents that are asked at a time.
    private static let width = 64

    @OptionGroup var options: CommonOptions

    @Argument(help: "The tag of the request.")
    var tag: TagArgument

    @Option(help: "Ask only the agents of this type and its subtypes.")
    var type = AgentType.rootName

    @Option(help: ArgumentHelp("How long to wait for the answer of an agent.", valueName: "time"))
    var deadline = TimeSpan.seconds(2)

    private struct Report: Encodable {
        /// A place of the request.
        struct Place: Encodable {
            let state: String
            var agent: String?
            var request: ServedAction?
            var reason: String?
            var message: String?
        }

        let tag: String
        var places: [Place]
        let asked: Int
        let answered: Int
    }

    func execute(_ console: Console) async throws {
        let (agents, parked) = try await options.withAdministration { administration in
            (
                try await administration.agents(typeNamed: type, allowSubtypes: true).map(\.agentID),
                try await administration.parked(limit: 16) { $0.tag == tag.tag }
            )
        }
        let activities = try await options.withVisitor { await ask(agents, through: $0) }
        var places = activities.flatMap { agent, activity -> [Report.Place] in
            let running = activity.running.filter { $0.tag == tag.tag }
            let ended = (activity.finished + activity.failures).filter { $0.tag == tag.tag }
            return running.map { Report.Place(state: "running", agent: agent.uuid.lowercased, request: $0) }
                + Set(ended).map { Report.Place(state: "ended", agent: agent.uuid.lowercased, request: $0) }
        }
        places += parked.map { Report.Place(state: "parked", reason: $0.reason, message: $0.id) }
        let report = Report(
            tag: tag.tag.lowercased,
            places: places,
            asked: agents.count,
            answered: activities.count
        )
        if console.json { try console.object(report) } else { for place in places { try console.line(text(place)) } }
        guard places.isEmpty else { return }
        if console.json { throw CommandFailure.told }
        let text = "no place found; \(report.answered) of \(report.asked) agents answered"
        throw CommandFailure(text, code: "not-found")
    }

    private func ask(_ agents: [AgentID], through client: UserExchangeClient) async -> [(AgentID, AgentActivity)] {
        let limit = deadline.duration
        return await withTaskGroup(of: (AgentID, AgentActivity)?.self) { group in
            var found: [(AgentID, AgentActivity)] = []
            var rest = agents[...]
            func askNext() {
                guard let agent = rest.popFirst() else { return }
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

    private func text(_ place: Report.Place) -> String {
        guard let request = place.request, let agent = place.agent else {
            return "parked \(place.message ?? "-"): \(place.reason ?? "-")"
        }
        let head =
            "\(place.state) at agent:\(agent), \(request.action) for \(request.source), attempt \(request.attempt)"
        guard let ended = request.ended else { return head + ", since \(request.began.formatted(.iso8601))" }
        return head + ", at \(ended.formatted(.iso8601)): \(request.code?.rawValue ?? "ok")"
    }
}

/// The tag of a request in an argument.
struct TagArgument: ExpressibleByArgument, Sendable {
    let tag: UUID

    init?(argument: String) {
        guard let tag = UUID(uuidString: argument) else { return nil }
        self.tag = tag
    }
}
