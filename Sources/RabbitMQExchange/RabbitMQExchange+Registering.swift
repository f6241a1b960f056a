public import AgentExchange

/// Registers agents without a client. The program that runs an agent opens its mailbox with the registration.
extension RabbitMQExchange {
    /// Registers an agent.
    ///
    /// - Parameters:
    ///   - type: Its type.
    ///   - name: Its display name.
    ///   - sharing: Whether its mailbox has one receiver or many.
    public func registerAgent(
        _ type: AgentType,
        name: String? = nil,
        sharing: MailboxSharing = .exclusive
    ) async throws(ExchangeError) -> AgentRegistration {
        try await withSession { (session) throws(ExchangeError) in
            try await Self.register(type, name, sharing, in: session)
        }
    }

    /// Returns the registration of the agent with a display name, whose mailbox has one receiver or many. See
    /// `ExchangeTransport.registration(named:type:sharing:)`. Creates no user.
    public func registration(
        named name: String,
        type: AgentType,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration {
        try await withSession { (session) throws(ExchangeError) in
            try await Self.adoption(of: sharing, in: session).registration(named: name, type, sharing)
        }
    }

    /// Takes over or registers agents, and waits for the first replay of the directory as long as records come.
    static func adoption(of sharing: MailboxSharing, in session: Session) -> Adoption {
        Adoption { (type, name) throws(ExchangeError) in
            try await register(type, name, sharing, in: session)
        } named: { (name) throws(ExchangeError) in
            try await session.directory.agents(named: name, isPatient: true)
        } ofType: { (name) throws(ExchangeError) in
            try await session.directory.agents(typeNamed: name, allowSubtypes: false, isPatient: true)
        } status: { (id) throws(ExchangeError) in
            try await session.mailboxes.details(of: id).status
        } terminate: { (id) throws(ExchangeError) in
            try await Termination(session: session, id: id).run()
        } sharingOf: { agent in
            session.directory.isShared(.agent(agent)) ? .group : .exclusive
        }
    }

    static func register(
        _ type: AgentType,
        _ name: String?,
        _ sharing: MailboxSharing,
        in session: Session
    ) async throws(ExchangeError) -> AgentRegistration {
        try type.check()
        let id = AgentID(uuid: session.link.newUUID(), name: try name.map(AgentID.checked(name:)))
        try await Registration.register(.agent(id), lineage: type.lineage, sharing: sharing, in: session)
        return AgentRegistration(agentID: id, type: type, sharing: sharing)
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
