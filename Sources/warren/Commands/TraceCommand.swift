import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// `warren trace`.
struct TraceCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract:
            "Looks for a request: which agent runs it or has ended it, and whether it was parked or kept as failed.",
        discussion: """
            Every agent is asked for its activity, 64 at a time, and parked messages and failed requests are looked through. A request in no \
            place waits in a mailbox (the broker can't show those), ended before the last actions that its \
            agent remembers, or is that of an agent that does not answer: the status is then 1.

            EXAMPLE
              warren trace 1a5cc73a-ccfa-4970-af59-bd1cb179ecc2 --type Till
            """
    )

    @OptionGroup var options: CommonOptions

    @Argument(help: "The tag of the request.")
    var tag: TagArgument

    @Option(help: "Ask only the agents of this type and its subtypes.")
    var type = AgentType.rootName

    @Option(help: ArgumentHelp("How long to wait for the answer of an agent.", valueName: "time"))
    var deadline = TimeSpan.seconds(2)

    func execute(_ console: Console) async throws {
        let search = RequestSearch(tag: tag.tag, patience: deadline.duration)
        let (agents, letters) = try await options.withAdministration { administration in
            (
                try await administration.agents(typeNamed: type, allowSubtypes: true).map(\.agentID),
                try await search.letters(administration)
            )
        }
        let report = try await options.withVisitor { await search.report(agents, letters, through: $0) }
        if console.json {
            try console.object(report)
        } else {
            for place in report.places { try console.line(text(place)) }
        }
        guard report.places.isEmpty else { return }
        if console.json { throw CommandFailure.told }
        let text = "no place found; \(report.answered) of \(report.asked) agents answered"
        throw CommandFailure(text, code: "not-found")
    }

    private func text(_ place: TraceReport.Place) -> String {
        guard let request = place.request, let agent = place.agent else {
            return "\(place.state) \(place.message ?? "-"): \(place.reason ?? "-")"
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
