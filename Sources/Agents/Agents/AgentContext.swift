public import AgentExchange
public import Logging

/// The running agent, as its own code sees it: who it is, and the way to others.
public struct AgentContext: Sendable {
    /// The agent whose action, loop or hook the current task runs; `nil` outside of agents.
    @TaskLocal public static var current: AgentContext?

    /// The agent's registration.
    public let registration: AgentRegistration

    /// The agent's client: sends in its name. It is closed when the agent has stopped.
    public let client: AgentExchangeClient

    /// What the agent keeps over restarts.
    public let state: AgentState

    /// The agent's logger, with its identifier.
    public let logger: Logger

    let clock: any Clock<Duration>
    let stopper: @Sendable (AgentEnd) -> Void

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
        stopper(.shutdown(terminate: terminate))
    }
}
