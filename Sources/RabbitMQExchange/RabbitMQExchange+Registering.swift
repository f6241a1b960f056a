public import AgentExchange

/// Registers agents without a client. The program that runs an agent opens its mailbox with the registration.
extension RabbitMQExchange {
    /// Registers an agent.
    public func registerAgent(_ type: AgentType, name: String? = nil) async throws(ExchangeError) -> AgentRegistration {
        try await withSession { (session) throws(ExchangeError) in
            try await Self.register(type, name, in: session)
        }
    }

    /// Returns the registration of the agent with a display name. Takes over an existing registration, or registers an
    /// agent if there is none. See `ExchangeTransport.registration(named:type:)`. Creates no user.
    public func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration {
        try await withSession { (session) throws(ExchangeError) in
            try await Self.adoption(in: session).registration(named: name, type)
        }
    }

    /// Takes over or registers agents, and waits for the first replay of the directory as long as records come.
    static func adoption(in session: Session) -> Adoption {
        Adoption { (type, name) throws(ExchangeError) in
            try await register(type, name, in: session)
        } named: { (name) throws(ExchangeError) in
            try await session.directory.agents(named: name, isPatient: true)
        } ofType: { (name) throws(ExchangeError) in
            try await session.directory.agents(typeNamed: name, allowSubtypes: false, isPatient: true)
        } status: { (id) throws(ExchangeError) in
            try await session.mailboxes.details(of: id).status
        } terminate: { (id) throws(ExchangeError) in
            try await Termination(session: session, id: id).run()
        }
    }

    static func register(
        _ type: AgentType,
        _ name: String?,
        in session: Session
    ) async throws(ExchangeError) -> AgentRegistration {
        try type.check()
        let id = AgentID(uuid: session.link.newUUID(), name: try name.map(AgentID.checked(name:)))
        try await Registration.register(.agent(id), lineage: type.lineage, in: session)
        return AgentRegistration(agentID: id, type: type)
    }

    private func withSession<Result>(
        _ body: (Session) async throws(ExchangeError) -> Result
    ) async throws(ExchangeError) -> Result {
        let lease = try await lease()
        do {
            let result = try await body(lease.session)
            await lease.end()
            return result
        } catch {
            await lease.end()
            throw error
        }
    }
}
