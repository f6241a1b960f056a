internal import AgentExchange
internal import Primitives
internal import Synchronization

/// The agents of one type in this process, by key. An agent is made once, when it is first needed.
final class AgentTable: Sendable {
    typealias Make = @Sendable (AgentAddress) async throws(ExchangeError) -> any HostedAgent

    /// Ends an agent of which no handler runs any more: saves and closes it. Returns `false` when it was not ended, because its
    /// state can't be stored.
    typealias End = @Sendable (AgentAddress, any HostedAgent, Ending) async -> Bool

    /// The urgency of ending an agent.
    enum Ending: Sendable {
        /// It makes room. An agent whose state can't be stored stays.
        case wished
        /// Its type or its slot is given up: it ends in any case.
        case final
    }

    private struct Entry {
        let cell: AgentCell
        /// The number of visits that are open.
        var visits = 0
        /// The end of its last visit.
        var idleSince: ContinuousClock.Instant
    }

    private struct State {
        var entries: [ExactText: Entry] = [:]
        /// Set when the type is being given up: the messages that may still come in.
        var admission: TurnQueue.Admission?
    }

    /// The error for messages of a type that is being given up. They were not handled.
    static let leaving = ExchangeError(
        .mailboxTerminated,
        "the worker gives the agent type up, and did not handle the message",
        delivery: .refused
    )

    private let state = Mutex(State())
    private let type: String
    private let limit: Int
    private let make: Make
    private let end: End
    private let now: @Sendable () -> ContinuousClock.Instant

    /// An empty table of up to `limit` agents.
    init(
        type: String,
        limit: Int,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        make: @escaping Make,
        end: @escaping End
    ) {
        self.now = now
        self.type = type
        self.limit = max(1, limit)
        self.make = make
        self.end = end
    }

    /// Visits the agent with a key, which need not be made yet.
    ///
    /// - Parameter chain: The runs of handlers that wait for the visit.
    /// - Throws: `ExchangeError.Code.limitReached`; `ExchangeError.Code.mailboxTerminated` when the type is being given up.
    func visit(_ key: String, takesTurn: Bool, chain: [UInt64] = []) throws(ExchangeError) -> Visit {
        let key = ExactText(key)
        let place: Result<(AgentCell, Turn?), ExchangeError> = state.withLock { state in
            if let isAdmitted = state.admission, !isAdmitted(chain) { return .failure(Self.leaving) }
            if state.entries[key] == nil {
                guard state.entries.count < limit else { return .failure(full) }
                let cell = AgentCell(AgentAddress(type, key: key.text), make, end)
                // It can be new while the type is given up: a running handler waits for it.
                if let admission = state.admission { cell.turns.refuse(unless: admission) }
                state.entries[key] = Entry(cell: cell, idleSince: now())
            }
            guard let cell = state.entries[key]?.cell else { return .failure(full) }
            state.entries[key]?.visits += 1
            return .success((cell, takesTurn ? cell.turns.arrive() : nil))
        }
        let (cell, turn) = try place.get()
        return Visit(table: self, cell: cell, turn: turn)
    }

    private var full: ExchangeError {
        ExchangeError(.limitReached, "this worker keeps \(limit) agents of type \(type)", delivery: .refused)
    }

    /// The addresses of the agents that were made.
    var addresses: [AgentAddress] {
        let cells = state.withLock { $0.entries.values.map(\.cell) }
        return cells.filter { $0.made != nil }.map(\.address)
    }

    /// The number of keys that are kept.
    var count: Int { state.withLock { $0.entries.count } }

    /// Returns whether the agent with a key is visited, or still being made.
    func isVisited(_ key: String) -> Bool { state.withLock { $0.entries[ExactText(key)]?.visits ?? 0 } > 0 }

    /// Takes visits again, after ``close(within:)``.
    func open() {
        state.withLock { $0.admission = nil }
    }

    /// Refuses new messages and those that wait for their turn, unless they are admitted.
    func refuse(unless isAdmitted: @escaping TurnQueue.Admission) {
        let cells = state.withLock { state in
            state.admission = isAdmitted
            return state.entries.values.map(\.cell)
        }
        for cell in cells { cell.turns.refuse(unless: isAdmitted) }
    }

    /// Forgets all agents, and closes them: those that are being made when they are made. Refuses visits.
    ///
    /// - Returns: Whether all of them were closed within the limit.
    func close(within limit: Duration) async -> Bool {
        // The cells are released outside of the lock: an agent's `deinit` may come back to this table.
        let entries = state.withLock { state in
            state.admission = { _ in false }
            defer { state.entries = [:] }
            return state.entries
        }
        let tasks = BackgroundTasks()
        for entry in entries.values { tasks.start { await entry.cell.close() } }
        return await tasks.end(within: limit)
    }

    /// Closes one agent, so that the next message for its key makes another.
    ///
    /// - Returns: Whether there was an agent without a visit, and it was closed.
    func close(_ key: String) async -> Bool {
        let visit: Visit? = state.withLock { state in
            guard let entry = state.entries[ExactText(key)], entry.visits == 0 else { return nil }
            state.entries[ExactText(key)]?.visits += 1
            return Visit(table: self, cell: entry.cell, turn: nil)
        }
        guard let visit else { return false }
        return await visit.cell.renew()
    }

    /// Closes agents that had no visit for a limit, so that the next message for such a key makes another.
    ///
    /// - Parameters:
    ///   - limit: The time without a visit.
    ///   - count: The most agents that are closed at once.
    ///   - patience: How long to wait for them. Those that take longer are not awaited; their messages wait for them.
    /// - Returns: Whether there may be more of them.
    func closeIdle(for limit: Duration, upTo count: Int = 64, within patience: Duration) async -> Bool {
        let visits: [Visit] = state.withLock { state in
            if state.admission != nil { return [] }
            let now = now()
            let idle = state.entries.lazy.filter {
                $0.value.visits == 0 && $0.value.idleSince.duration(to: now) >= limit
            }
            return idle.prefix(count).map { $0 }.map { key, entry in
                state.entries[key]?.visits += 1
                return Visit(table: self, cell: entry.cell, turn: nil)
            }
        }
        let tasks = BackgroundTasks()
        for visit in visits {
            tasks.start {
                _ = await visit.cell.renew()
                withExtendedLifetime(visit) {}
            }
        }
        _ = await tasks.end(within: patience)
        return visits.count == count
    }

    /// Visits the agent of a cell, if the table has it.
    fileprivate func hold(_ cell: AgentCell) -> Visit {
        state.withLock { state in
            let key = ExactText(cell.address.key)
            if state.entries[key]?.cell === cell { state.entries[key]?.visits += 1 }
        }
        return Visit(table: self, cell: cell, turn: nil)
    }

    fileprivate func leave(_ cell: AgentCell) {
        let key = ExactText(cell.address.key)
        state.withLock { state in
            guard let entry = state.entries[key], entry.cell === cell else { return }
            state.entries[key]?.visits -= 1
            if entry.visits == 1 { state.entries[key]?.idleSince = now() }
            // Nothing stays of an agent that could not be made. The visitor has the cell, so it is not released here.
            if entry.visits == 1, cell.made == nil { state.entries[key] = nil }
        }
    }

    /// The use of an agent, from the arrival of a message to the end of its handler. It ends when it is released.
    final class Visit: Sendable {
        private let table: AgentTable
        let cell: AgentCell
        /// The place in the agent's order; `nil` for one that takes none.
        let turn: Turn?

        fileprivate init(table: AgentTable, cell: AgentCell, turn: Turn?) {
            self.table = table
            self.cell = cell
            self.turn = turn
        }

        deinit {
            turn?.end()
            table.leave(cell)
        }

        /// Returns the agent, and makes it if it is not made. Its making counts as a visit: the table keeps it even when its
        /// callers have left.
        ///
        /// - Throws: The error of making it; `ExchangeError.Code.cancelled` when the task is cancelled first;
        ///   `ExchangeError.Code.mailboxTerminated` when the table was closed.
        func agent() async throws(ExchangeError) -> any HostedAgent {
            try await cell.agent { [table, cell] in table.hold(cell) }
        }
    }
}
