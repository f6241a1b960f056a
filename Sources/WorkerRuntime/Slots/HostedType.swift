internal import AgentExchange
internal import Foundation
internal import Synchronization

/// An agent type that this runtime has: how its agents are made, and the slots that it has open. Each slot keeps its agents.
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
    let states: StoredStates?
    /// The rules that the type was registered with.
    let rules: [Subscription.Rule]
    private let claimed = Mutex<[Int: Slot]>([:])
    private let share = Mutex<SharedSlots?>(nil)

    /// The open slots, by their numbers.
    var slots: [Slot] { claimed.withLock { slots in slots.sorted { $0.key < $1.key }.map(\.value) } }

    /// The open slot with the lowest number: that of a type with one slot.
    var slot: Slot? { slots.first }

    /// Whether the type outlives its workers.
    var isDurable: Bool { options.lifetime == .durable }

    /// Whether this runtime has the type: it owns its slot, or shares it.
    var isClaimed: Bool { shared != nil || slot != nil }

    /// The share in a type of several workers, while this runtime has one.
    var shared: SharedSlots? { share.withLock { $0 } }

    /// The mailboxes of all slots, in the order of their numbers, while this runtime has the type.
    var registeredSlots: [AgentID] {
        (shared?.registrations ?? slots.map(\.registration)).map(\.agentID)
    }

    /// Begins to take messages.
    func serve() async {
        if let shared { await shared.serve() } else { slot?.serve() }
    }

    /// Returns the open slot of a key.
    func slot(ofKey key: String) -> Slot? {
        claimed.withLock { $0[AgentAddress.slot(of: key, among: options.sharing.slots)] }
    }

    /// Sets a slot, or removes it.
    func claim(_ slot: Slot?, number: Int = 0) {
        // The old one is released outside of the lock.
        let old = claimed.withLock { claimed in
            defer { claimed[number] = slot }
            return claimed[number]
        }
        withExtendedLifetime(old) {}
    }

    /// Sets the share, or removes it.
    func share(_ shared: SharedSlots?) {
        let old = share.withLock { share in
            defer { share = shared }
            return share
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
    }

    /// Returns an empty table for the agents of one slot.
    func makeTable(_ clock: WorkerClock) -> AgentTable {
        let (source, states) = (source, states)
        // The slots of a shared type share its limit evenly: which of them a worker has may change at any time.
        let limit = (options.maximumAgents - 1) / options.sharing.slots + 1
        return AgentTable(type: name, limit: limit, now: clock.now) { (address) throws(ExchangeError) in
            let agent =
                switch source {
                case .factory(let make): try await make(address)
                case .instances(let instances): try instances.agent(address)
                case .relay: throw ExchangeError(.notAccessible, "the agent \(address) lives in another process")
                }
            try await states?.load(agent, address)
            return agent
        } end: { address, agent, ending in
            let isStored = await states?.release(agent, address) ?? true
            if !isStored, case .wished = ending { return false }
            // The program owns the agents that it gave, and may start again with them.
            if case .factory = source { await agent.close() }
            return true
        }
    }

    /// The relay of the type, if its agents live behind a connection.
    var relay: (any MessageRelay)? {
        if case .relay(let relay) = source { relay } else { nil }
    }

    /// Visits an agent in the order of its messages, for a call of this process.
    ///
    /// - Parameter end: The deadline for the agent's making, its earlier handlers and the body.
    /// - Throws: The errors of making the agent; `ExchangeError.Code.deadlineExceeded`; those of the body;
    ///   `ExchangeError.Code.notAccessible` when another worker of a shared type has the agent.
    func withAgent<Output: Sendable>(
        _ address: AgentAddress,
        takesTurn: Bool,
        until end: ContinuousClock.Instant,
        _ body: @escaping @Sendable (any HostedAgent) async throws(ExchangeError) -> Output
    ) async throws(ExchangeError) -> Output {
        let chain = MessageContext.current?.chain ?? []
        guard let slot = slot(ofKey: address.key) else {
            if shared == nil { throw AgentTable.leaving }
            throw ExchangeError(.notAccessible, "another worker has the agent \(address)")
        }
        let visit = try slot.agents.visit(address.key, takesTurn: takesTurn, chain: chain)
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
        for address in slots.flatMap(\.agents.addresses) {
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
