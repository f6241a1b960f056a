/// The proof that an agent is registered. An agent client is made from it, in this process or another.
public struct AgentRegistration: Sendable, Hashable, Codable {
    /// The agent.
    public let agentID: AgentID

    /// Its type.
    public let type: AgentType

    /// Makes a registration from its parts. An exchange checks it before it opens the mailbox.
    public init(agentID: AgentID, type: AgentType) {
        self.agentID = agentID
        self.type = type
    }
}

/// An agent to be registered.
public struct AgentToRegister: Sendable, Hashable {
    /// Its type.
    public let type: AgentType

    /// Its display name.
    public let name: String?

    /// Describes an agent to be registered.
    public init(_ type: AgentType, name: String? = nil) {
        self.type = type
        self.name = name
    }
}
