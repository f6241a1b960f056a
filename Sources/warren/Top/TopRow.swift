import AgentExchange
import Foundation

/// A line of `warren top`: an agent, or all agents of a type.
struct TopRow: Encodable, Sendable, Hashable {
    /// The agent's identifier; `nil` in the line of a type.
    var id: String?
    /// The display name; `nil` in the line of a type.
    var name: String?
    var type: String
    /// `group` for a work group, otherwise absent.
    var sharing: String?
    /// `missing` for an agent whose mailbox has no queue, otherwise absent.
    var state: String?
    /// The number of agents; 1 in the line of an agent.
    var agents = 1
    var waiting = 0
    var inWork = 0
    var consumers = 0
    /// Messages that come, each second.
    var rateIn = 0.0
    /// Messages that are acknowledged, each second.
    var rateOut = 0.0
    /// The age of the oldest message, if the broker tells it.
    var oldestSeconds: Int?
    /// The time for which the longest action has been running, if the agent told it.
    var longestSeconds: Int?

    init(_ mailbox: NamespaceSnapshot.Mailbox, longestSeconds: Int? = nil, now: Date) {
        self.longestSeconds = longestSeconds
        id = mailbox.id.lowercased
        name = mailbox.name
        type = mailbox.type
        sharing = mailbox.isGroup ? MailboxSharing.group.rawValue : nil
        guard let figures = mailbox.figures else {
            state = MailboxStatus.missing.rawValue
            return
        }
        waiting = figures.waiting ?? 0
        inWork = figures.inWork ?? 0
        consumers = figures.consumers ?? 0
        rateIn = figures.receivedRate ?? 0
        rateOut = figures.settledRate ?? 0
        // An age beyond any clock is none.
        oldestSeconds = figures.oldestSeconds(at: now).flatMap { Int(exactly: $0.rounded()) }
    }

    /// Makes the line of a type out of those of its agents.
    init?(sumOf rows: [TopRow]) {
        guard let first = rows.first else { return nil }
        self = first
        id = nil
        name = nil
        sharing = nil
        state = nil
        for row in rows.dropFirst() {
            agents += row.agents
            waiting += row.waiting
            inWork += row.inWork
            consumers += row.consumers
            rateIn += row.rateIn
            rateOut += row.rateOut
            oldestSeconds = [oldestSeconds, row.oldestSeconds].compactMap(\.self).max()
            longestSeconds = [longestSeconds, row.longestSeconds].compactMap(\.self).max()
        }
    }

}

extension [TopRow] {
    /// Returns the rows with a text in name, type or identifier, in either case.
    func matching(_ text: String) -> [TopRow] {
        guard !text.isEmpty else { return self }
        let text = text.lowercased()
        return filter { row in
            [row.name ?? "", row.type, row.id ?? ""].contains { $0.lowercased().contains(text) }
        }
    }
}
