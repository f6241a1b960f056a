public import AgentExchange
public import Logging

/// The running agent, as its own code sees it: who it is, and the way to others.
public struct AgentContext: Sendable {
    /// The agent whose action, loop or hook the current task runs; `nil` outside of agents.
    @TaskLocal public static var current: AgentContext?

    private let parts: AgentContextParts

    init(
        registration: AgentRegistration,
        client: AgentExchangeClient,
        state: AgentState,
        logger: Logger,
        clock: any Clock<Duration>,
        stopper: @escaping @Sendable (AgentEnd) -> Void
    ) {
        parts = AgentContextParts(registration, client, state, logger, clock, stopper)
    }

    /// The agent's registration.
    public var registration: AgentRegistration { parts.registration }

    /// The agent's client: sends in its name. It is closed when the agent has stopped.
    public var client: AgentExchangeClient { parts.client }

    /// What the agent keeps over restarts.
    public var state: AgentState { parts.state }

    /// The agent's logger, with its identifier.
    public var logger: Logger { parts.logger }

    var clock: any Clock<Duration> { parts.clock }

    /// The agent's identifier.
    public var id: AgentID { registration.agentID }

    /// A handle to another agent, which sends as this one.
    public func handle<Interface: AgentInterface>(
        to agent: AgentID,
        as interface: Interface.Type = Interface.self
    ) -> Handle<Interface> {
        client.handle(to: agent, as: interface)
    }

    /// The agents with an interface, or one that refines it, oldest registration first.
    public func discover<Interface: AgentInterface>(
        _ interface: Interface.Type,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> [Handle<Interface>] {
        try await client.discover(interface, allowSubtypes: allowSubtypes)
    }

    /// Has the agent stop, as a shutdown request does, and returns at once.
    ///
    /// - Parameter terminate: Whether its mailbox is terminated then; `nil` leaves that to the agent's configuration.
    public func shutdown(terminate: Bool? = nil) {
        parts.stopper(.shutdown(terminate: terminate))
    }
}

/// What a context consists of: an object, since each request carries a copy.
private final class AgentContextParts: Sendable {
    let registration: AgentRegistration
    let client: AgentExchangeClient
    let state: AgentState
    let logger: Logger
    let clock: any Clock<Duration>
    let stopper: @Sendable (AgentEnd) -> Void

    init(
        _ registration: AgentRegistration,
        _ client: AgentExchangeClient,
        _ state: AgentState,
        _ logger: Logger,
        _ clock: any Clock<Duration>,
        _ stopper: @escaping @Sendable (AgentEnd) -> Void
    ) {
        self.registration = registration
        self.client = client
        self.state = state
        self.logger = logger
        self.clock = clock
        self.stopper = stopper
    }
}
