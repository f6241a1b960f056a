public import AgentExchange
public import Foundation
internal import Synchronization

extension WorkerRuntime {
    /// Returns the address of an agent.
    ///
    /// - Parameters:
    ///   - type: The type, of this or of another worker.
    ///   - key: The key.
    ///   - lazy: Whether the agent may stay unmade until its first message. Otherwise it is made now, where it lives.
    /// - Throws: `invalidMessage` for invalid names; when the agent is made, as ``metadata(of:)``.
    public func address(
        of type: String,
        key: String = "default",
        lazy: Bool = true
    ) async throws(ExchangeError) -> AgentAddress {
        let address = AgentAddress(type, key: key)
        _ = try user()
        try address.check()
        if !lazy { _ = try await metadata(of: address) }
        return address
    }

    /// Returns the agent at an address of this runtime, and makes it if it is not made.
    ///
    /// - Throws: `notAccessible` when another worker has the type, `unknownAgent` when none has it or there is no such agent,
    ///   `wrongAgentClass` when the agent is not of the type, and the errors of making it.
    public func instance<Subject: WorkerAgent>(
        at address: AgentAddress,
        as type: Subject.Type
    ) async throws(ExchangeError) -> Subject {
        _ = try user()
        try address.check()
        guard let hosted = self.type(address.type) else {
            do throws(ExchangeError) {
                let transport = try user().transport
                _ = try await limited(until: localEnd, while: "the worker of \(address.type) was looked up") {
                    [directory] () throws(ExchangeError) in try await directory.slot(of: address, transport)
                }
            } catch let error where error.code == .unknownAgentType {
                throw ExchangeError(.unknownAgent, "no worker has the agent type \(address.type)")
            }
            throw ExchangeError(.notAccessible, "the agent \(address) lives in another process")
        }
        let agent = try await hosted.withAgent(address, takesTurn: false, until: localEnd) {
            (agent) throws(ExchangeError) in agent
        }
        guard let subject = agent.subject as? Subject else {
            let found = agent.subject.map { "\(Swift.type(of: $0))" } ?? "closure"
            throw ExchangeError(.wrongAgentClass, "the agent \(address) is a \(found), not a \(type)")
        }
        return subject
    }

    /// Returns the description of an agent, wherever it lives. The agent is made if it is not made.
    ///
    /// - Throws: As ``send(_:to:returning:deadline:id:sender:)``.
    public func metadata(of address: AgentAddress) async throws(ExchangeError) -> AgentMetadata {
        let payload = try await messages.ask(about: address, WireName.metadata, self)
        guard let payload else {
            throw ExchangeError(.invalidPayload, "\(address) has no metadata", delivery: .delivered)
        }
        return try payload.decode(AgentMetadata.self)
    }

    /// Returns the state of an agent as JSON, wherever it lives; `nil` when it keeps none. The agent is made if it is not made.
    ///
    /// - Throws: As ``send(_:to:returning:deadline:id:sender:)``; `remote` when the agent's `saveState` throws.
    public func saveState(of address: AgentAddress) async throws(ExchangeError) -> Data? {
        try await messages.ask(about: address, WireName.save, self)?.bytes
    }

    /// Gives a saved state to an agent, wherever it lives. The agent is made if it is not made.
    ///
    /// - Throws: As ``send(_:to:returning:deadline:id:sender:)``; `invalidPayload` when the state is not one of this agent.
    public func loadState(_ state: Data, of address: AgentAddress) async throws(ExchangeError) {
        let payload = Payload(contentType: "application/json", bytes: state)
        _ = try await messages.ask(about: address, WireName.load, self, payload)
    }

    /// Returns the states of the agents of this runtime that keep one, as JSON. Those that were not made have none.
    ///
    /// Each agent saves in its turn: between handlers with ``AgentTypeOptions/Ordering/oneAtATime``. An agent that is busy
    /// longer than `ClientConfiguration.requestDeadline` is an error.
    ///
    /// - Throws: `closed` after a stop, `remote` when an agent's `saveState` throws, `deadlineExceeded`. Then no state is
    ///   returned.
    public func saveState() async throws(ExchangeError) -> [AgentAddress: Data] {
        _ = try user()
        let end = localEnd
        var states: [AgentAddress: Data] = [:]
        for type in state.withLock({ Array($0.types.values) }) {
            states.merge(try await type.saveState(until: end)) { $1 }
        }
        return states
    }

    /// Gives saved states to the agents of this runtime, each in its turn. Agents that are not made are made; states of types
    /// that this runtime does not have are left out.
    ///
    /// - Throws: `closed` after a stop, `invalidPayload` when a state is not one of its agent, `remote` when an agent's
    ///   `loadState` throws, `deadlineExceeded`, and the errors of making an agent. The other states are loaded all the same.
    public func loadState(_ states: [AgentAddress: Data]) async throws(ExchangeError) {
        _ = try user()
        let end = localEnd
        var first: ExchangeError?
        for (address, bytes) in states {
            do throws(ExchangeError) {
                try await type(address.type)?.load(bytes, of: address, until: end)
            } catch {
                first = first ?? error
            }
        }
        if let first { throw first }
    }

    /// Closes an agent of this runtime that handles no message, and makes room for another. The next message for its address
    /// makes it again, when it is closed.
    ///
    /// - Returns: Whether it was closed: `false` for one that is busy or was not made.
    /// - Throws: `closed` after a stop; `unknownAgentType` when this runtime does not have the type; `deadlineExceeded`.
    @discardableResult
    public func closeAgent(at address: AgentAddress) async throws(ExchangeError) -> Bool {
        _ = try user()
        guard let type = type(address.type) else {
            throw ExchangeError(.unknownAgentType, "this worker does not have the agent type \(address.type)")
        }
        return try await limited(until: localEnd, while: "the agent \(address) was closed") {
            () throws(ExchangeError) in await type.slot(ofKey: address.key)?.agents.close(address.key) ?? false
        }
    }

    /// The end of a call that stays in this process, and waits for agents.
    private var localEnd: ContinuousClock.Instant { .after(configuration.client.requestDeadline) }
}
