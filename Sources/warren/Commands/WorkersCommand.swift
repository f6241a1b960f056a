import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// `warren workers`.
struct WorkersCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Lists the agent types of worker runtimes, with their slots and workers.",
        discussion: """
            SERVED counts the slots that have a receiver; one without belongs to a type whose worker is gone. QUEUED counts \
            the messages of all slots that were not handed to a receiver yet. WORKERS are those that share the type; a type of \
            one worker at a time lists none. LIFE tells whether the type outlives its workers.

            EXAMPLE
              warren workers
              warren workers --json | jq '.[] | select(.served < .slots and .queued > 0)'
            """
    )

    @OptionGroup var options: CommonOptions

    func execute(_ console: Console) async throws {
        let types = try await options.withAdministration { administration in
            WorkerTypeReport.types(in: try await administration.mailboxes())
        }
        try console.show(
            types,
            Table(
                .flexible("TYPE"),
                .number("SLOTS"),
                .number("SERVED"),
                .number("QUEUED"),
                .fixed("LIFE"),
                .flexible("WORKERS"),
                rows: types.map(\.row)
            )
        )
    }
}

/// An agent type of worker runtimes, as its mailboxes show it.
struct WorkerTypeReport: Encodable, Sendable {
    let type: String
    var slots = 0
    var served = 0
    var queued = 0
    var durable = false
    /// The identifiers of the workers that share the type and have their record open.
    var workers: [String] = []

    var row: [String] {
        [
            type, "\(slots)", "\(served)", "\(queued)", durable ? "durable" : "ephemeral",
            workers.joined(separator: " "),
        ]
    }

    /// Returns the types by name.
    static func types(in mailboxes: [MailboxReport]) -> [WorkerTypeReport] {
        var types: [String: WorkerTypeReport] = [:]
        for mailbox in mailboxes {
            guard let own = mailbox.lineage.last else { continue }
            if let type = own.after("Worker."), mailbox.lineage.contains("Worker") {
                types[type, default: WorkerTypeReport(type: type)].count(mailbox)
            } else if let type = own.after("WorkerMember."), mailbox.lineage.contains("WorkerMember"),
                mailbox.consumers > 0, let name = mailbox.id.name, let sign = name.lastIndex(of: "@")
            {
                types[type, default: WorkerTypeReport(type: type)].workers.append(
                    String(name[name.index(after: sign)...])
                )
            }
        }
        return types.values.sorted { $0.type < $1.type }
    }

    private mutating func count(_ slot: MailboxReport) {
        slots += 1
        if slot.consumers > 0 { served += 1 }
        queued += slot.queuedMessages
        durable = durable || slot.lineage.contains("DurableWorker")
    }
}

extension String {
    /// Returns the text after a prefix, or `nil` without the prefix.
    fileprivate func after(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
