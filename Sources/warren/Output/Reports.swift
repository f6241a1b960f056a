import AgentExchange
import RabbitMQExchange

/// An agent as `--json` prints it.
struct AgentReport: Encodable, Sendable {
    let id: String
    let name: String?
    let type: String
    let lineage: [String]

    init(_ registration: AgentRegistration) {
        id = registration.agentID.uuid.lowercased
        name = registration.agentID.name
        type = registration.type.name
        lineage = registration.type.lineage
    }

    /// The row of a table.
    var row: [String] { [id, name ?? "-", type] }
}

/// A mailbox as `--json` prints it.
struct MailboxLine: Encodable, Sendable {
    let id: String
    let role: String
    let name: String?
    let type: String?
    let state: String
    let queued: Int
    let consumers: Int

    init(_ report: MailboxReport) {
        self.init(
            report.id,
            type: report.lineage.last,
            state: report.state.rawValue,
            queued: report.queuedMessages,
            consumers: report.consumers
        )
    }

    init(_ id: EntityID, name: String? = nil, type: String?, state: String, queued: Int = 0, consumers: Int = 0) {
        self.id = id.uuid.lowercased
        role = id.role.rawValue
        self.name = id.name ?? name
        self.type = type
        self.state = state
        self.queued = queued
        self.consumers = consumers
    }

    /// The table of several.
    static func table(_ mailboxes: [MailboxLine]) -> Table {
        Table(
            .flexible("TYPE"),
            .flexible("NAME"),
            .fixed("ID"),
            .fixed("STATE"),
            .number("QUEUED"),
            .number("CONSUMERS"),
            rows: mailboxes.map { mailbox in
                [
                    mailbox.type ?? (mailbox.role == "user" ? "(user)" : "-"), mailbox.name ?? "-", mailbox.id,
                    mailbox.state, "\(mailbox.queued)", "\(mailbox.consumers)",
                ]
            }
        )
    }
}

extension Duration {
    /// Milliseconds, rounded to three decimals.
    var milliseconds: Double { (self / .microseconds(1)).rounded() / 1000 }

    /// The time for people.
    var text: String {
        let value = milliseconds
        if value < 10 { return "\((value * 100).rounded() / 100) ms" }
        if value < 1000 { return "\(Int(value.rounded())) ms" }
        return "\((value / 100).rounded() / 10) s"
    }
}
