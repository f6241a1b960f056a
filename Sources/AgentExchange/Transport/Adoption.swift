/// Finds the agent with a display name, or registers it once, for any number of concurrent programs.
///
/// It looks, registers the agent if there is none, and looks again. Of several concurrent registrations the oldest
/// counts; each program terminates its own other one. Discovery is complete and has one order, so all programs agree.
package struct Adoption: Sendable {
    private let register: @Sendable (AgentType, String) async throws(ExchangeError) -> AgentRegistration
    private let named: @Sendable (String) async throws(ExchangeError) -> [AgentID]
    private let ofType: @Sendable (String) async throws(ExchangeError) -> [AgentID]
    private let sharingOf: @Sendable (AgentID) -> MailboxSharing
    private let status: @Sendable (EntityID) async throws(ExchangeError) -> MailboxStatus
    private let terminate: @Sendable (EntityID) async throws(ExchangeError) -> Void

    /// - Parameters:
    ///   - register: Registers an agent.
    ///   - named: Returns the agents with a display name, oldest registration first.
    ///   - ofType: Returns the agents of exactly this type.
    ///   - status: Returns the state of a mailbox.
    ///   - terminate: Terminates an agent.
    ///   - sharingOf: Returns whether a registered agent has one receiver or many; by default one.
    package init(
        register: @escaping @Sendable (AgentType, String) async throws(ExchangeError) -> AgentRegistration,
        named: @escaping @Sendable (String) async throws(ExchangeError) -> [AgentID],
        ofType: @escaping @Sendable (String) async throws(ExchangeError) -> [AgentID],
        status: @escaping @Sendable (EntityID) async throws(ExchangeError) -> MailboxStatus,
        terminate: @escaping @Sendable (EntityID) async throws(ExchangeError) -> Void,
        sharingOf: @escaping @Sendable (AgentID) -> MailboxSharing = { _ in .exclusive }
    ) {
        self.sharingOf = sharingOf
        self.register = register
        self.named = named
        self.ofType = ofType
        self.status = status
        self.terminate = terminate
    }

    /// See ``ExchangeTransport/registration(named:type:)``.
    ///
    /// - Parameter sharing: Whether the agent has one receiver or many. An agent that is registered gets it from `register`.
    package func registration(
        named name: String,
        _ type: AgentType,
        _ sharing: MailboxSharing = .exclusive
    ) async throws(ExchangeError) -> AgentRegistration {
        try await adopted(named: name, type, sharing).registration
    }

    /// Returns the agent's registration, and whether this call made it.
    package func adopted(
        named name: String,
        _ type: AgentType,
        _ sharing: MailboxSharing = .exclusive
    ) async throws(ExchangeError) -> (registration: AgentRegistration, isNew: Bool) {
        while true {
            if let known = try await oldest(name, type, sharing) { return (known, false) }
            let own = try await register(type, name)
            do throws(ExchangeError) {
                let counts = try await oldest(name, type, sharing)
                if counts?.agentID == own.agentID { return (own, true) }
                try await withdraw(own.agentID)
                if let counts { return (counts, false) }
                // The agent was terminated meanwhile.
            } catch {
                let cause = error
                do throws(ExchangeError) {
                    try await withdraw(own.agentID)
                } catch {
                    throw cause.stillRegistered([own.agentID])
                }
                throw cause
            }
        }
    }

    /// Terminates an agent that is not needed, even when the calling task is cancelled.
    private func withdraw(_ agent: AgentID) async throws(ExchangeError) {
        try await Self.uncancelled { () throws(ExchangeError) in try await terminate(.agent(agent)) }
    }

    /// Runs an operation that a cancellation of the calling task does not reach.
    package static func uncancelled<Output: Sendable>(
        _ body: @escaping @Sendable () async throws(ExchangeError) -> Output
    ) async throws(ExchangeError) -> Output {
        let task = Task { () async -> Result<Output, ExchangeError> in
            do throws(ExchangeError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        return try await task.value.get()
    }

    /// Returns the oldest living agent with a name, or `nil` when there is none.
    ///
    /// - Throws: ``ExchangeError/Code/nameInUse`` when the agent has another type, or another number of receivers.
    private func oldest(
        _ name: String,
        _ type: AgentType,
        _ sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration? {
        while true {
            guard let agent = try await named(name).first else { return nil }
            if try await ofType(type.name).contains(agent) {
                let known = sharingOf(agent)
                if known == sharing { return AgentRegistration(agentID: agent, type: type, sharing: sharing) }
                let text = "the agent of this name was registered as \(known.rawValue)"
                throw ExchangeError(.nameInUse, text, entity: .agent(agent))
            }
            // The agent may have been terminated between the two calls.
            if try await status(.agent(agent)) == .terminated { continue }
            let text = "the agent of this name is not of type \(type.name)"
            throw ExchangeError(.nameInUse, text, entity: .agent(agent))
        }
    }
}

extension ExchangeError {
    /// Returns the error with the needless agents that could not be terminated.
    func stillRegistered(_ agents: [AgentID]) -> ExchangeError {
        guard !agents.isEmpty else { return self }
        let text = agents.map(\.description).joined(separator: ", ")
        return ExchangeError(
            code,
            "\(message); still registered, and not needed: \(text)",
            entity: entity,
            delivery: delivery,
            failure: failure,
            underlying: underlying
        )
    }
}

extension ExchangeTransport {
    /// Looks, registers if there is no agent, and looks again. The oldest registration counts; others are terminated.
    public func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration {
        try await adoption.registration(named: name, type)
    }

    /// Finds agents in the directory of this transport's exchange, or registers them there.
    package var adoption: Adoption {
        Adoption { (type, name) throws(ExchangeError) in
            try await self.registerAgent(type, name: name)
        } named: { (name) throws(ExchangeError) in
            try await self.discover(named: name)
        } ofType: { (name) throws(ExchangeError) in
            try await self.discover(typeNamed: name, allowSubtypes: false)
        } status: { (id) throws(ExchangeError) in
            try await self.status(of: id)
        } terminate: { (id) throws(ExchangeError) in
            try await self.terminate(id)
        }
    }
}
