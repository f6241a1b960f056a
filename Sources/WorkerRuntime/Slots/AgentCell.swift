internal import AgentExchange
internal import Primitives
internal import Synchronization

/// The place of one agent: its order of messages, and the agent itself once it is made.
final class AgentCell: Sendable {
    private typealias Making = OneShot<Result<any HostedAgent, ExchangeError>>

    private enum Phase {
        case empty
        case making(Making, Task<Void, Never>?)
        case made(any HostedAgent)
        case closing(OneShot<Void>)
    }

    private struct State {
        var phase = Phase.empty
        /// Whether no agent may be made, and one that is being made is closed.
        var isClosed = false
    }

    private enum Step {
        case take(any HostedAgent)
        case wait(Making)
        case make(Making)
        case look(OneShot<Void>)
        case refuse
    }

    let address: AgentAddress
    let turns = TurnQueue()
    /// The order in which the states of the agent are stored.
    let stores = TurnQueue()
    private let make: AgentTable.Make
    private let end: AgentTable.End
    private let state = Mutex(State())

    init(_ address: AgentAddress, _ make: @escaping AgentTable.Make, _ end: @escaping AgentTable.End) {
        self.address = address
        self.make = make
        self.end = end
    }

    /// The agent, if it is made.
    var made: (any HostedAgent)? {
        if case .made(let agent) = state.withLock({ $0.phase }) { agent } else { nil }
    }

    /// Returns the agent. Concurrent callers wait for one making; after an error the next caller makes it again.
    ///
    /// - Parameter hold: Returns an object that the making keeps until it has ended.
    func agent(_ hold: () -> AgentTable.Visit) async throws(ExchangeError) -> any HostedAgent {
        while true {
            switch state.withLock({ Self.step(&$0) }) {
            case .take(let agent): return agent
            case .refuse: throw AgentTable.leaving
            case .look(let closing): if await closing.wait() == nil { throw cancelled }
            case .wait(let making): return try await agent(of: making)
            case .make(let making):
                start(making, hold())
                return try await agent(of: making)
            }
        }
    }

    private static func step(_ state: inout State) -> Step {
        if state.isClosed { return .refuse }
        switch state.phase {
        case .made(let agent): return .take(agent)
        case .making(let making, _): return .wait(making)
        case .closing(let closing): return .look(closing)
        case .empty:
            let making = Making()
            state.phase = .making(making, nil)
            return .make(making)
        }
    }

    private func agent(of making: OneShot<Result<any HostedAgent, ExchangeError>>) async throws(ExchangeError)
        -> any HostedAgent
    {
        guard let result = await making.wait() else { throw cancelled }
        return try result.get()
    }

    private var cancelled: ExchangeError {
        ExchangeError(.cancelled, "the task was cancelled while the agent \(address) was made")
    }

    /// Makes the agent in a task of its own: a caller that is cancelled must not end the making for the others.
    private func start(_ making: OneShot<Result<any HostedAgent, ExchangeError>>, _ visit: AgentTable.Visit) {
        let task = Task {
            await finish(making)
            withExtendedLifetime(visit) {}
        }
        let isClosed = state.withLock { state in
            guard case .making(let current, nil) = state.phase, current === making else { return false }
            state.phase = .making(making, task)
            return state.isClosed
        }
        if isClosed { task.cancel() }
    }

    private func finish(_ making: OneShot<Result<any HostedAgent, ExchangeError>>) async {
        // The values of the task that asked first are not the agent's.
        let result = await RequestScope.$current.withValue(RequestScope()) {
            await MessageContext.$current.withValue(nil) {
                await Topic.$currentKey.withValue(address.key) { await outcome() }
            }
        }
        let isClosed = state.withLock { state in
            if !state.isClosed, case .success(let agent) = result {
                state.phase = .made(agent)
            } else {
                state.phase = .empty
            }
            return state.isClosed
        }
        guard isClosed, case .success(let agent) = result else {
            making.set(result)
            return
        }
        _ = await end(address, agent, .final)
        making.set(.failure(AgentTable.leaving))
    }

    private func outcome() async -> Result<any HostedAgent, ExchangeError> {
        do throws(ExchangeError) {
            return .success(try await make(address))
        } catch {
            return .failure(error)
        }
    }

    /// Ends the agent, and makes no other. A making under way is cancelled; if it succeeds, its agent is ended then.
    func close() async {
        let phase = state.withLock { state in
            state.isClosed = true
            let phase = state.phase
            if case .made = phase { state.phase = .empty }
            return phase
        }
        switch phase {
        case .empty: break
        case .made(let agent): _ = await end(address, agent, .final)
        case .closing(let closing): _ = await closing.wait()
        case .making(let making, let task):
            task?.cancel()
            _ = await making.wait()
        }
    }

    /// Ends the agent, unless its state can't be stored. The next caller of ``agent(_:)`` waits for that, and makes another.
    /// Returns whether there was one that was ended.
    func renew() async -> Bool {
        let closing = OneShot<Void>()
        let agent: (any HostedAgent)? = state.withLock { state in
            guard case .made(let agent) = state.phase else { return nil }
            state.phase = .closing(closing)
            return agent
        }
        guard let agent else { return false }
        let isEnded = await end(address, agent, .wished)
        let isClosed = state.withLock { state in
            state.phase = isEnded || state.isClosed ? .empty : .made(agent)
            return state.isClosed
        }
        // The table was closed meanwhile, and waits for this.
        if !isEnded, isClosed { _ = await end(address, agent, .final) }
        closing.set()
        return isEnded
    }
}
