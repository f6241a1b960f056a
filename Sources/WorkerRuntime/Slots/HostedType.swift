internal import AgentExchange
internal import Foundation
internal import Synchronization

/// An agent type that this runtime has: how its agents are made, the agents, and its slot while it is claimed.
final class HostedType: Sendable {
    /// How the agents of a type come to be.
    enum Source: Sendable {
        /// A function makes them.
        case factory(AgentTable.Make)
        /// They were given, each with its key.
        case instances(Instances)
        /// They live behind a connection.
        case relay(any MessageRelay)
    }

    /// The agents that were given, by key.
    final class Instances: Sendable {
        private let agents = Mutex<[ExactText: any HostedAgent]>([:])

        /// Adds an agent. Returns `false` when the key has one.
        func add(_ agent: any HostedAgent, _ key: String) -> Bool {
            agents.withLock { agents in
                guard agents[ExactText(key)] == nil else { return false }
                agents[ExactText(key)] = agent
                return true
            }
        }

        func agent(_ address: AgentAddress) throws(ExchangeError) -> any HostedAgent {
            guard let agent = agents.withLock({ $0[ExactText(address.key)] }) else {
                throw ExchangeError(.unknownAgent, "there is no agent \(address)")
            }
            return agent
        }
    }

    let name: String
    let options: AgentTypeOptions
    let source: Source
    let agents: AgentTable
    let states: StoredStates?
    /// The rules that the type was registered with.
    let rules: [Subscription.Rule]
    private let claimed = Mutex<Slot?>(nil)

    /// The slot of the type, while this runtime owns it.
    var slot: Slot? { claimed.withLock { $0 } }

    /// Sets the slot, or removes it.
    func claim(_ slot: Slot?) {
        // The old one is released outside of the lock.
        let old = claimed.withLock { claimed in
            defer { claimed = slot }
            return claimed
        }
        withExtendedLifetime(old) {}
    }

    init(
        _ name: String,
        _ source: Source,
        rules: [Subscription.Rule],
        options: AgentTypeOptions,
        states: StoredStates? = nil
    ) {
        self.name = name
        self.source = source
        self.rules = rules
        self.options = options
        self.states = states
        agents = AgentTable(type: name, limit: options.maximumAgents) { (address) throws(ExchangeError) in
            let agent =
                switch source {
                case .factory(let make): try await make(address)
                case .instances(let instances): try instances.agent(address)
                case .relay: throw ExchangeError(.notAccessible, "the agent \(address) lives in another process")
                }
            try await states?.load(agent, address)
            return agent
        } end: { address, agent in
            await states?.release(agent, address)
            // The program owns the agents that it gave, and may start again with them.
            if case .factory = source { await agent.close() }
        }
    }

    /// The relay of the type, if its agents live behind a connection.
    var relay: (any MessageRelay)? {
        if case .relay(let relay) = source { relay } else { nil }
    }

    /// Visits an agent in the order of its messages, for a call of this process.
    ///
    /// - Parameter end: The deadline for the agent's making, its earlier handlers and the body.
    /// - Throws: The errors of making the agent; `ExchangeError.Code.deadlineExceeded`; those of the body.
    func withAgent<Output: Sendable>(
        _ address: AgentAddress,
        takesTurn: Bool,
        until end: ContinuousClock.Instant,
        _ body: @escaping @Sendable (any HostedAgent) async throws(ExchangeError) -> Output
    ) async throws(ExchangeError) -> Output {
        let chain = MessageContext.current?.chain ?? []
        let visit = try agents.visit(address.key, takesTurn: takesTurn, chain: chain)
        return try await limited(until: end, while: "a call waited for the agent \(address)") {
            () async throws(ExchangeError) in
            defer { visit.turn?.end() }
            do {
                try await visit.turn?.begin(chain: chain)
            } catch let error as ExchangeError {
                throw error
            } catch {
                throw ExchangeError(.cancelled, "the task was cancelled while it waited for \(address)")
            }
            return try await body(try await visit.agent())
        }
    }

    /// Returns the states of the agents that were made and keep one.
    ///
    /// - Throws: `ExchangeError.Code.remote`, `ExchangeError.Code.deadlineExceeded`.
    func saveState(until end: ContinuousClock.Instant) async throws(ExchangeError) -> [AgentAddress: Data] {
        var states: [AgentAddress: Data] = [:]
        for address in agents.addresses {
            states[address] = try await withAgent(address, takesTurn: true, until: end) {
                (agent) throws(ExchangeError) in
                do {
                    return try await agent.save()
                } catch {
                    throw ExchangeError(.remote, "the state of \(address) was not saved: \(error)", underlying: error)
                }
            }
        }
        return states
    }

    /// Gives a state to an agent.
    ///
    /// - Throws: The errors of making the agent and of decoding the state; `ExchangeError.Code.remote`,
    ///   `ExchangeError.Code.deadlineExceeded`.
    func load(
        _ state: Data,
        of address: AgentAddress,
        until end: ContinuousClock.Instant
    ) async throws(ExchangeError) {
        try await withAgent(address, takesTurn: true, until: end) { (agent) throws(ExchangeError) in
            do {
                try await agent.load(state)
            } catch let error as ExchangeError {
                throw error
            } catch {
                throw ExchangeError(.remote, "the state of \(address) was not loaded: \(error)", underlying: error)
            }
        }
    }
}
