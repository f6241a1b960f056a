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

        func remove(_ key: String) {
            agents.withLock { $0[ExactText(key)] = nil }
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
    /// The rules that the type was registered with.
    let rules: [Subscription.Rule]
    private let claimed = Mutex<Slot?>(nil)

    /// The slot of the type, while this runtime owns it.
    var slot: Slot? {
        get { claimed.withLock { $0 } }
        set { claimed.withLock { $0 = newValue } }
    }

    init(_ name: String, _ source: Source, rules: [Subscription.Rule], options: AgentTypeOptions) {
        self.name = name
        self.source = source
        self.rules = rules
        self.options = options
        let make: AgentTable.Make =
            switch source {
            case .factory(let make): make
            case .instances(let instances): { (address) throws(ExchangeError) in try instances.agent(address) }
            }
        agents = AgentTable(type: name, limit: options.maximumAgents, make: make)
    }

    /// Visits an agent without a place in its order.
    func agent(_ key: String) async throws(ExchangeError) -> any HostedAgent {
        try await agents.visit(key, takesTurn: false).agent()
    }

    /// Returns the states of the agents that were made and keep one.
    ///
    /// - Throws: `ExchangeError.Code.remote`.
    func saveState() async throws(ExchangeError) -> [AgentAddress: Data] {
        var states: [AgentAddress: Data] = [:]
        for (address, agent) in agents.agents {
            do {
                states[address] = try await agent.save()
            } catch {
                throw ExchangeError(.remote, "the state of \(address) was not saved: \(error)", underlying: error)
            }
        }
        return states
    }

    /// Gives a state to an agent.
    ///
    /// - Throws: The errors of making the agent and of decoding the state; `ExchangeError.Code.remote`.
    func load(_ state: Data, of address: AgentAddress) async throws(ExchangeError) {
        let agent = try await agent(address.key)
        do {
            try await agent.load(state)
        } catch let error as ExchangeError {
            throw error
        } catch {
            throw ExchangeError(.remote, "the state of \(address) was not loaded: \(error)", underlying: error)
        }
    }
}
