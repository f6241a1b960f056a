/// A change to the agents of a type.
public enum AgentChange: Sendable, Hashable {
    /// The existing agents, oldest registration first. Always the first element, and only the first.
    case snapshot([AgentRegistration])
    /// An agent was registered.
    case registered(AgentRegistration)
    /// An agent was terminated.
    case terminated(AgentRegistration)
}
