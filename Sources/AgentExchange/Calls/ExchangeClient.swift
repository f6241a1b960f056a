internal import Logging

/// The common interface of user and agent clients: a mailbox, handles to agents, discovery, registration, termination.
///
/// An ``ExchangeFactory`` makes clients; close each when done.
public protocol ExchangeClient: AnyObject, Sendable {
    /// The entity that the client represents.
    var id: EntityID { get }

    /// The transport that the client uses, for messages without handles.
    var transport: any ExchangeTransport { get }

    /// The client's settings.
    var configuration: ClientConfiguration { get }

    /// Makes a handle to an agent. Handles are values; make as many as you like.
    func handle(to agent: AgentID) -> RemoteHandle

    /// Runs an action on every registered agent of a type with one message, and collects the answers until a deadline.
    ///
    /// - Parameters:
    ///   - name: The action.
    ///   - arguments: The arguments that each agent receives.
    ///   - type: The type of the agents to ask.
    ///   - allowSubtypes: Whether agents of its subtypes are asked too.
    ///   - deadline: How long to wait at most; by default ``ClientConfiguration/requestDeadline``.
    /// - Throws: As ``ExchangeTransport/broadcast(_:)``. The agents' answers, including errors, are elements of the
    ///   sequence.
    func askAll(
        _ name: String,
        _ arguments: ActionArguments,
        ofType type: AgentType,
        allowSubtypes: Bool,
        deadline: Duration?
    ) async throws(ExchangeError) -> BroadcastAnswers

    /// Closes the client and its transport. Waiting calls end with ``ExchangeError/Code/closed``. Closing twice is
    /// harmless.
    func close() async
}

extension ExchangeClient {
    /// Returns the registered agents of a type that have not been terminated. See
    /// ``ExchangeTransport/discover(typeNamed:allowSubtypes:)``.
    public func discover(
        _ type: AgentType,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> [AgentID] {
        try await transport.discover(type, allowSubtypes: allowSubtypes)
    }

    /// Returns the registered agents of a type, by the name of the type.
    public func discover(
        typeNamed name: String,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> [AgentID] {
        try await transport.discover(typeNamed: name, allowSubtypes: allowSubtypes)
    }

    /// Returns the registered agents with a display name.
    public func discover(named name: String) async throws(ExchangeError) -> [AgentID] {
        try await transport.discover(named: name)
    }

    /// Watches the agents of a type. See ``ExchangeTransport/changes(typeNamed:allowSubtypes:)``.
    public func changes(of type: AgentType, allowSubtypes: Bool = true) async throws(ExchangeError) -> AgentChanges {
        try await transport.changes(typeNamed: type.name, allowSubtypes: allowSubtypes)
    }

    /// Registers an agent. See ``ExchangeTransport/registerAgent(_:name:)``.
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
        let registration =
            sharing == .exclusive
            ? try await transport.registerAgent(type, name: name)
            : try await transport.registerAgent(type, name: name, sharing: sharing)
        configuration.logger.info(
            "registered an agent",
            metadata: .init(keys: [.mailbox: registration.agentID.description])
        )
        return registration
    }

    /// Returns the registration of the agent with a display name. Takes over an existing registration, or registers an
    /// agent if there is none. See ``ExchangeTransport/registration(named:type:)``.
    ///
    /// - Parameters:
    ///   - name: The display name.
    ///   - type: The agent's type.
    ///   - sharing: Whether its mailbox has one receiver or many.
    public func registration(
        named name: String,
        type: AgentType,
        sharing: MailboxSharing = .exclusive
    ) async throws(ExchangeError) -> AgentRegistration {
        if sharing == .exclusive { return try await transport.registration(named: name, type: type) }
        return try await transport.registration(named: name, type: type, sharing: sharing)
    }

    /// Registers several agents, all or none. See ``ExchangeTransport/registerAgents(_:)``.
    public func registerAgents(_ agents: [AgentToRegister]) async throws(ExchangeError) -> [AgentRegistration] {
        try await transport.registerAgents(agents)
    }

    /// Returns whether a mailbox is open, was terminated, or never existed.
    public func status(of id: EntityID) async throws(ExchangeError) -> MailboxStatus {
        try await transport.status(of: id)
    }

    /// Returns whether an agent's mailbox is open, was terminated, or never existed.
    public func status(of id: AgentID) async throws(ExchangeError) -> MailboxStatus {
        try await transport.status(of: .agent(id))
    }

    /// Terminates a mailbox permanently. See ``ExchangeTransport/terminate(_:)``.
    public func terminate(_ id: EntityID) async throws(ExchangeError) {
        try await transport.terminate(id)
    }

    /// Terminates an agent's mailbox permanently.
    public func terminate(_ id: AgentID) async throws(ExchangeError) {
        try await transport.terminate(.agent(id))
    }

    /// Returns a factory for other clients of the same exchange.
    public func factory() -> any ExchangeFactory {
        transport.factory()
    }
}
