internal import AgentExchange
internal import Primitives
internal import Synchronization

/// The agents of one type in this process, by key. An agent is made once, when it is first needed.
final class AgentTable: Sendable {
    typealias Make = @Sendable (AgentAddress) async throws(ExchangeError) -> any HostedAgent

    private struct Entry {
        let cell: AgentCell
        /// The number of visits that are open.
        var visits = 0
    }

    private let entries = Mutex<[ExactText: Entry]>([:])
    private let type: String
    private let limit: Int
    private let make: Make

    /// An empty table of up to `limit` agents.
    init(type: String, limit: Int, make: @escaping Make) {
        self.type = type
        self.limit = max(1, limit)
        self.make = make
    }

    /// Visits the agent with a key, which need not be made yet.
    ///
    /// - Throws: `ExchangeError.Code.limitReached`.
    func visit(_ key: String, takesTurn: Bool) throws(ExchangeError) -> Visit {
        let key = ExactText(key)
        let (cell, turn): (AgentCell?, Turn?) = entries.withLock { entries in
            if entries[key] == nil {
                if entries.count >= limit { return (nil, nil) }
                entries[key] = Entry(cell: AgentCell(AgentAddress(type, key: key.text), make))
            }
            entries[key]?.visits += 1
            let cell = entries[key]?.cell
            return (cell, takesTurn ? cell?.turns.arrive() : nil)
        }
        guard let cell else {
            throw ExchangeError(.limitReached, "this worker keeps \(limit) agents of type \(type)", delivery: .refused)
        }
        return Visit(table: self, cell: cell, turn: turn)
    }

    /// The agents that were made.
    var agents: [AgentAddress: any HostedAgent] {
        let cells = entries.withLock { $0.values.map(\.cell) }
        return cells.reduce(into: [:]) { agents, cell in agents[cell.address] = cell.made }
    }

    /// The number of keys that are kept.
    var count: Int { entries.withLock { $0.count } }

    /// Forgets all agents.
    func removeAll() {
        entries.withLock { $0 = [:] }
    }

    fileprivate func leave(_ cell: AgentCell) {
        let key = ExactText(cell.address.key)
        entries.withLock { entries in
            guard entries[key]?.cell === cell else { return }
            entries[key]?.visits -= 1
            // Nothing stays of an agent that could not be made.
            if entries[key]?.visits == 0, cell.made == nil { entries[key] = nil }
        }
    }

    /// The use of an agent, from the arrival of a message to the end of its handler. It ends when it is released.
    final class Visit: Sendable {
        private let table: AgentTable
        private let cell: AgentCell
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

        /// Returns the agent, and makes it if it is not made.
        ///
        /// - Throws: The error of making it; `ExchangeError.Code.cancelled` when the task is cancelled first.
        func agent() async throws(ExchangeError) -> any HostedAgent {
            try await cell.agent()
        }
    }
}

/// The place of one agent: its order of messages, and the agent itself once it is made.
final class AgentCell: Sendable {
    private typealias Making = OneShot<Result<any HostedAgent, ExchangeError>>

    let address: AgentAddress
    let turns = TurnQueue()
    private let make: AgentTable.Make
    private let making = Mutex<Making?>(nil)

    init(_ address: AgentAddress, _ make: @escaping AgentTable.Make) {
        self.address = address
        self.make = make
    }

    /// The agent, if it is made.
    var made: (any HostedAgent)? {
        guard case .success(let agent)? = making.withLock({ $0 })?.value else { return nil }
        return agent
    }

    /// Returns the agent. Concurrent callers wait for one making; after an error the next caller makes it again.
    func agent() async throws(ExchangeError) -> any HostedAgent {
        let (making, isFirst): (Making, Bool) = making.withLock { making in
            if let making { return (making, false) }
            let new = Making()
            making = new
            return (new, true)
        }
        // A task of its own: a caller that is cancelled must not end the making for the others.
        if isFirst { Task { await finish(making) } }
        guard let result = await making.wait() else {
            throw ExchangeError(.cancelled, "the task was cancelled while the agent \(address) was made")
        }
        return try result.get()
    }

    private func finish(_ making: OneShot<Result<any HostedAgent, ExchangeError>>) async {
        // The values of the task that asked first are not the agent's.
        let result = await RequestDeadline.$current.withValue(nil) {
            await CallPath.$current.withValue(CallPath()) {
                await MessageContext.$current.withValue(nil) {
                    await Topic.$currentKey.withValue(address.key) { await outcome() }
                }
            }
        }
        if case .failure = result { self.making.withLock { $0 = nil } }
        making.set(result)
    }

    private func outcome() async -> Result<any HostedAgent, ExchangeError> {
        do throws(ExchangeError) {
            return .success(try await make(address))
        } catch {
            return .failure(error)
        }
    }
}
