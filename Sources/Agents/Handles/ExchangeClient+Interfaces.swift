public import AgentExchange

extension ExchangeClient {
    /// Makes a handle to an agent with an interface. Only a call shows whether the agent has that interface.
    public func handle<Interface: AgentInterface>(
        to agent: AgentID,
        as interface: Interface.Type = Interface.self
    ) -> Handle<Interface> {
        Handle(agent, handle(to: agent))
    }

    /// Returns the agents with an interface or a refinement of it, oldest registration first.
    ///
    /// - Parameters:
    ///   - interface: The interface.
    ///   - allowSubtypes: Whether agents with a refining interface are included.
    public func discover<Interface: AgentInterface>(
        _ interface: Interface.Type,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> [Handle<Interface>] {
        try await discover(typeNamed: interface.typeName, allowSubtypes: allowSubtypes)
            .map { handle(to: $0, as: interface) }
    }

    /// Registers an agent to be run later, here or elsewhere.
    public func registerAgent<Interface: AgentInterface>(
        _ interface: Interface.Type,
        name: String? = nil,
        sharing: MailboxSharing = .exclusive
    ) async throws(ExchangeError) -> AgentRegistration {
        try await registerAgent(interface.agentType, name: name, sharing: sharing)
    }

    /// Returns the registration of the agent with a display name. Takes over an existing registration, or registers an
    /// agent if there is none. See `ExchangeTransport.registration(named:type:)`.
    public func registration<Interface: AgentInterface>(
        named name: String,
        as interface: Interface.Type,
        sharing: MailboxSharing = .exclusive
    ) async throws(ExchangeError) -> AgentRegistration {
        try await registration(named: name, type: interface.agentType, sharing: sharing)
    }

    /// Watches the agents with an interface or a refinement of it: first the existing ones, then registrations and
    /// terminations as they happen, without gaps or duplicates.
    public func changes<Interface: AgentInterface>(
        of interface: Interface.Type,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> Changes<Interface> {
        let changes = try await transport.changes(typeNamed: interface.typeName, allowSubtypes: allowSubtypes)
        return Changes(changes: changes, client: self)
    }

    /// Runs an action on every agent with an interface or a refinement of it, with one message, without waiting for
    /// answers: `client.broadcast(\Sensor.reset)`.
    ///
    /// - Returns: The agents that the broadcast addressed.
    /// - Throws: As `ExchangeTransport.broadcast(_:)`.
    @discardableResult
    public func broadcast<Interface: AgentInterface, Output, each Argument>(
        _ action: KeyPath<Interface, Action<Output, repeat each Argument>>,
        _ arguments: repeat each Argument,
        deadline: Duration? = nil
    ) async throws(ExchangeError) -> [Handle<Interface>] {
        let arguments = try ActionArguments(repeat each arguments)
        let name = Interface()[keyPath: action].name
        return try await broadcast(name, arguments, toAgentsOf: Interface.agentType, deadline: deadline)
            .map { handle(to: $0, as: Interface.self) }
    }

    /// Runs an action on every agent with an interface or a refinement of it, with one message, and collects the
    /// answers until a deadline: `for await answer in try await client.askAll(\Sensor.temperature) { … }`.
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - arguments: The arguments of the action.
    ///   - deadline: The longest wait; by default that of the client's configuration.
    /// - Throws: As `ExchangeTransport.broadcast(_:)`. The agents' errors are elements of the sequence.
    public func askAll<Interface: AgentInterface, Output: Codable & Sendable, each Argument>(
        _ action: KeyPath<Interface, Action<Output, repeat each Argument>>,
        _ arguments: repeat each Argument,
        deadline: Duration? = nil
    ) async throws(ExchangeError) -> Answers<Interface, Output> {
        let arguments = try ActionArguments(repeat each arguments)
        let name = Interface()[keyPath: action].name
        let answers = try await askAll(
            name,
            arguments,
            ofType: Interface.agentType,
            allowSubtypes: true,
            deadline: deadline
        )
        return Answers(answers: answers, client: self, name: name)
    }
}
