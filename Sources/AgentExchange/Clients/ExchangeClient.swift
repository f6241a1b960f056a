internal import Logging

/// What users and agents have in common: a mailbox, handles to agents, discovery, registration, termination.
///
/// Made by an ``ExchangeFactory``; close it when done.
public protocol ExchangeClient: AnyObject, Sendable {
    /// The entity that this client is.
    var id: EntityID { get }

    /// The transport below, for sending and asking without handles.
    var transport: any ExchangeTransport { get }

    /// How the client behaves.
    var configuration: ClientConfiguration { get }

    /// A handle to an agent. Handles are values; make as many as you like.
    func handle(to agent: AgentID) -> RemoteHandle

    /// Runs an action on every registered agent of a type, with one message, and collects the answers until a deadline.
    ///
    /// - Parameters:
    ///   - name: The action.
    ///   - arguments: What each agent gets.
    ///   - type: Whose agents are asked.
    ///   - allowSubtypes: Whether those of its subtypes are asked too.
    ///   - deadline: How long to wait at most; by default ``ClientConfiguration/requestDeadline``.
    /// - Throws: As ``ExchangeTransport/broadcast(_:)``. What the agents answer, errors included, is in the sequence.
    func askAll(
        _ name: String,
        _ arguments: ActionArguments,
        ofType type: AgentType,
        allowSubtypes: Bool,
        deadline: Duration?
    ) async throws(ExchangeError) -> BroadcastAnswers

    /// Closes the client and its transport. Calls that wait end with ``ExchangeError/Code/closed``. Closing twice is fine.
    func close() async
}

extension ExchangeClient {
    /// The registered agents of a type that have not been terminated. See
    /// ``ExchangeTransport/discover(typeNamed:allowSubtypes:)``.
    public func discover(
        _ type: AgentType,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> [AgentID] {
        try await transport.discover(type, allowSubtypes: allowSubtypes)
    }

    /// The registered agents of a type, by the name of the type.
    public func discover(
        typeNamed name: String,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> [AgentID] {
        try await transport.discover(typeNamed: name, allowSubtypes: allowSubtypes)
    }

    /// The registered agents with a display name.
    public func discover(named name: String) async throws(ExchangeError) -> [AgentID] {
        try await transport.discover(named: name)
    }

    /// Watches the agents of a type. See ``ExchangeTransport/changes(typeNamed:allowSubtypes:)``.
    public func changes(of type: AgentType, allowSubtypes: Bool = true) async throws(ExchangeError) -> AgentChanges {
        try await transport.changes(typeNamed: type.name, allowSubtypes: allowSubtypes)
    }

    /// Registers an agent. See ``ExchangeTransport/registerAgent(_:name:)``.
    public func registerAgent(
        _ type: AgentType,
        name: String? = nil
    ) async throws(ExchangeError) -> AgentRegistration {
        let registration = try await transport.registerAgent(type, name: name)
        configuration.logger.info(
            "registered an agent",
            metadata: .init(keys: [.mailbox: registration.agentID.description])
        )
        return registration
    }

    /// The registration of the agent with a display name: takes over the one that is registered, and registers one when there
    /// is none. See ``ExchangeTransport/registration(named:type:)``.
    public func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration {
        try await transport.registration(named: name, type: type)
    }

    /// Registers several agents, or none. See ``ExchangeTransport/registerAgents(_:)``.
    public func registerAgents(_ agents: [AgentToRegister]) async throws(ExchangeError) -> [AgentRegistration] {
        try await transport.registerAgents(agents)
    }

    /// Whether a mailbox is open, terminated, or was never there.
    public func status(of id: EntityID) async throws(ExchangeError) -> MailboxStatus {
        try await transport.status(of: id)
    }

    /// Whether an agent's mailbox is open, terminated, or was never there.
    public func status(of id: AgentID) async throws(ExchangeError) -> MailboxStatus {
        try await transport.status(of: .agent(id))
    }

    /// Terminates a mailbox, for good. See ``ExchangeTransport/terminate(_:)``.
    public func terminate(_ id: EntityID) async throws(ExchangeError) {
        try await transport.terminate(id)
    }

    /// Terminates an agent's mailbox, for good.
    public func terminate(_ id: AgentID) async throws(ExchangeError) {
        try await transport.terminate(.agent(id))
    }

    /// A factory for other clients of the same exchange.
    public func factory() -> any ExchangeFactory {
        transport.factory()
    }
}
