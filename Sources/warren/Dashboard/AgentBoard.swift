import AgentExchange
import Foundation

/// The last reading as the dashboard shows it: totals, and the agents in pages. A pure value.
///
/// An order is sorted once for each reading, however many clients look at it.
struct AgentBoard: Sendable {
    /// The sums of a namespace.
    struct Totals: Encodable, Sendable, Hashable {
        var agents = 0
        var users = 0
        /// Processes that receive answers.
        var processes = 0
        var waiting = 0
        var inWork = 0
        /// Agents with waiting messages and without a receiver.
        var unserved = 0
        /// Agents whose mailbox has no queue.
        var missing = 0
        var deadLetters = 0
        var deadLetterConsumers = 0
        var parked = 0
        var unfinishedTerminations = 0
    }

    /// A page of the list of agents.
    struct Page: Encodable, Sendable {
        let matches: Int
        let page: Int
        let pages: Int
        let rows: [TopRow]
    }

    /// The sums of the last complete reading.
    private(set) var totals: Totals?
    private var rows: [TopRow] = []
    private var snapshot: NamespaceSnapshot?
    private var sorted: [TopOrder: [TopRow]] = [:]

    /// Takes a reading. The rows of the last complete one stay when a source was not read.
    mutating func take(_ reading: NamespaceReading, now: Date) {
        guard let snapshot = reading.snapshot, snapshot.hasFigures else { return }
        self.snapshot = snapshot
        rows = snapshot.agents.map { TopRow($0, now: now) }
        sorted = [:]
        totals = Totals(snapshot, rows)
    }

    /// Returns a page of the agents, the last one instead of one behind it.
    mutating func page(_ query: AgentQuery) -> Page {
        var found: [TopRow]
        if query.isByType {
            let types = Dictionary(grouping: rows.matching(query.search), by: \.type)
            found = query.order.sorted(types.values.compactMap(TopRow.init(sumOf:)), isReversed: false)
        } else {
            found = inOrder(query.order).matching(query.search)
        }
        if query.isReversed { found.reverse() }
        let pages = max(1, (found.count + query.rows - 1) / query.rows)
        let page = min(query.page, pages)
        let shown = found.dropFirst((page - 1) * query.rows).prefix(query.rows)
        return Page(matches: found.count, page: page, pages: pages, rows: Array(shown))
    }

    /// Returns the row of an agent with its types, from the root to its own, or `nil` for one that is not registered.
    func agent(_ id: UUID) -> (row: TopRow, lineage: [String])? {
        guard let mailbox = snapshot?.agents.first(where: { $0.id == id }),
            let row = rows.first(where: { $0.id == id.lowercased })
        else { return nil }
        return (row, mailbox.lineage)
    }

    /// The agents with a receiver, which can be asked.
    var served: [UUID] { snapshot?.agents.filter { $0.figures?.consumers ?? 0 > 0 }.map(\.id) ?? [] }

    private mutating func inOrder(_ order: TopOrder) -> [TopRow] {
        if let known = sorted[order] { return known }
        let new = order.sorted(rows, isReversed: false)
        sorted[order] = new
        return new
    }
}

extension AgentBoard.Totals {
    fileprivate init(_ snapshot: NamespaceSnapshot, _ rows: [TopRow]) {
        agents = rows.count
        users = snapshot.users
        processes = snapshot.sessions
        for row in rows {
            waiting = waiting.addingReportingOverflow(row.waiting).partialValue
            inWork = inWork.addingReportingOverflow(row.inWork).partialValue
            if row.waiting > 0, row.consumers == 0 { unserved += 1 }
        }
        missing = snapshot.withoutQueue
        deadLetters = snapshot.deadLetters?.waiting ?? 0
        deadLetterConsumers = snapshot.deadLetters?.consumers ?? 0
        parked = snapshot.parked?.waiting ?? 0
        unfinishedTerminations = snapshot.unfinishedTerminations
    }
}
