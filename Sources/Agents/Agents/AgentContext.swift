public import AgentExchange
public import Logging

/// The running agent as its own code sees it: its identity, its client and its state.
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

    /// The agent's client, which sends in the agent's name. It closes when the agent has stopped.
    public var client: AgentExchangeClient { parts.client }

    /// The state that the agent keeps across restarts.
    public var state: AgentState { parts.state }

    /// The agent's logger, with the agent's identifier.
    public var logger: Logger { parts.logger }

    var clock: any Clock<Duration> { parts.clock }

    /// The agent's identifier.
    public var id: AgentID { registration.agentID }

    /// Returns a handle to another agent, which sends as this one.
    public func handle<Interface: AgentInterface>(
        to agent: AgentID,
        as interface: Interface.Type = Interface.self
    ) -> Handle<Interface> {
        client.handle(to: agent, as: interface)
    }

    /// Returns the agents with an interface or a refinement of it, oldest registration first.
    public func discover<Interface: AgentInterface>(
        _ interface: Interface.Type,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> [Handle<Interface>] {
        try await client.discover(interface, allowSubtypes: allowSubtypes)
    }

    /// Stops the agent like a shutdown request, and returns at once.
    ///
    /// - Parameter terminate: Whether its mailbox is then terminated; `nil` leaves the decision to the agent's
    ///   configuration.
    public func shutdown(terminate: Bool? = nil) {
        parts.stopper(.shutdown(terminate: terminate))
    }
}

/// The parts of a context, shared as one object because each request carries a copy.
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
