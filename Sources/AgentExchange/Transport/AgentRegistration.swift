/// The proof that an agent is registered. An agent client is made from it, in this process or another.
public struct AgentRegistration: Sendable, Hashable {
    /// The agent.
    public let agentID: AgentID

    /// Its type.
    public let type: AgentType

    /// Whether its mailbox has one receiver or many.
    public let sharing: MailboxSharing

    /// Makes a registration from its parts. An exchange checks it before it opens the mailbox.
    public init(agentID: AgentID, type: AgentType, sharing: MailboxSharing = .exclusive) {
        self.agentID = agentID
        self.type = type
        self.sharing = sharing
    }
}

extension AgentRegistration: Codable {
    private enum CodingKeys: String, CodingKey {
        case agentID, type, sharing
    }

    /// Decodes a registration. One without `sharing` is exclusive.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        agentID = try fields.decode(AgentID.self, forKey: .agentID)
        type = try fields.decode(AgentType.self, forKey: .type)
        sharing = try fields.decodeIfPresent(MailboxSharing.self, forKey: .sharing) ?? .exclusive
    }

    /// Encodes a registration, an exclusive one without `sharing`, as older versions do.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(agentID, forKey: .agentID)
        try fields.encode(type, forKey: .type)
        if sharing != .exclusive { try fields.encode(sharing, forKey: .sharing) }
    }
}

/// An agent to be registered.
public struct AgentToRegister: Sendable, Hashable {
    /// Its type.
    public let type: AgentType

    /// Its display name.
    public let name: String?

    /// Whether its mailbox has one receiver or many.
    public let sharing: MailboxSharing

    /// Describes an agent to be registered.
    public init(_ type: AgentType, name: String? = nil, sharing: MailboxSharing = .exclusive) {
        self.type = type
        self.name = name
        self.sharing = sharing
    }
}
