import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// `warren peers`.
struct PeersCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "peers",
        abstract: "Shows the direct connections of the process that has a mailbox.",
        discussion: """
            The process is asked through the broker, and describes itself: its connections to other processes, the lanes \
            (pairs of mailboxes and directions whose messages go directly) and the messages without an answer on each, the \
            requests that it took directly, and the time for which it may take more (its lease). A process that runs an older \
            version, or that has no direct ways, is told from one that does not answer; each is status 1.

            EXAMPLE
              warren peers hits
              warren peers hits --json | jq '.connections[] | select(.unanswered > 100)'
            """
    )

    @OptionGroup var options: CommonOptions

    @Argument(help: ArgumentHelp("UUID, base32, display name, or user:UUID.", valueName: "id"))
    var id: EntityArgument

    private struct Report: Encodable {
        struct Connection: Encodable {
            let session: String
            let address: String
            let lanes: Int
            let unanswered: Int
        }

        let id: String
        let session: String
        let directRequests: Int
        let leaseSeconds: Double
        let connectionCount: Int
        let connections: [Connection]
    }

    func execute(_ console: Console) async throws {
        let report = try await options.withAdministration { administration in
            let mailbox = try await id.resolve(administration)
            let owner = try await administration.owners(of: [mailbox], withConnections: true)[mailbox]
            return try describe(mailbox, owner)
        }
        if console.json { return try console.object(report) }
        let more = report.connectionCount - report.connections.count
        try console.line(
            "session \(report.session), requests taken directly: \(report.directRequests), lease: \(report.leaseSeconds) s"
        )
        try console.table(
            Table(
                .fixed("SESSION"),
                .flexible("ADDRESS"),
                .number("LANES"),
                .number("UNANSWERED"),
                rows: report.connections.map { [$0.session, $0.address, "\($0.lanes)", "\($0.unanswered)"] }
            )
        )
        if more > 0 { console.note("and \(more) more connections") }
    }

    private func describe(_ mailbox: EntityID, _ owner: MailboxOwner?) throws -> Report {
        guard let owner else {
            throw CommandFailure("no process answers for \(mailbox)", code: "not-found")
        }
        guard let session = owner.session else {
            throw CommandFailure("the process that has \(mailbox) runs a version that does not tell its connections")
        }
        guard let direct = owner.directRequests, let ways = owner.directWays else {
            throw CommandFailure("the process that has \(mailbox) has no direct ways")
        }
        return Report(
            id: mailbox.uuid.lowercased,
            session: session.lowercased,
            directRequests: direct,
            leaseSeconds: (ways.lease / .seconds(1) * 10).rounded() / 10,
            connectionCount: ways.count,
            connections: ways.connections.map {
                Report.Connection(
                    session: $0.session.lowercased,
                    address: $0.address,
                    lanes: $0.lanes,
                    unanswered: $0.unanswered
                )
            }
        )
    }
}
