public import Foundation

/// The identity of an agent or a user, each of which has a mailbox.
///
/// Two identifiers are equal when their roles and UUIDs are equal. The JSON form is an object with `role`, `uuid`
/// (lower case, with dashes) and, if present, `name`; other fields are refused.
public enum EntityID: Sendable, Hashable {
    /// An agent.
    case agent(AgentID)
    /// A user.
    case user(UserID)

    /// Makes the identifier of an entity of the given role.
    public init(role: EntityRole, uuid: UUID, name: String? = nil) {
        switch role {
        case .agent: self = .agent(AgentID(uuid: uuid, name: name))
        case .user: self = .user(UserID(uuid: uuid, name: name))
        }
    }

    /// The role: agent or user.
    public var role: EntityRole {
        switch self {
        case .agent: .agent
        case .user: .user
        }
    }

    /// The UUID that identifies the entity, together with its role.
    public var uuid: UUID {
        switch self {
        case .agent(let id): id.uuid
        case .user(let id): id.uuid
        }
    }

    /// The display name, if any.
    public var name: String? {
        switch self {
        case .agent(let id): id.name
        case .user(let id): id.name
        }
    }

    /// The agent's identifier, or `nil` for a user.
    public var agentID: AgentID? {
        guard case .agent(let id) = self else { return nil }
        return id
    }
}

extension EntityID: CustomStringConvertible {
    /// `agent:NAME`, `user:NAME`, or the role and the first eight digits of the UUID.
    public var description: String {
        role.describe(uuid, name)
    }
}

extension EntityID: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case role, uuid, name
    }

    /// Decodes the JSON form. Refuses unknown fields, unknown roles and invalid UUIDs.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseFields(besides: CodingKeys.self)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            role: try fields.decode(EntityRole.self, forKey: .role),
            uuid: try fields.decodeUUID(forKey: .uuid),
            name: try fields.decodeIfPresent(String.self, forKey: .name)
        )
    }

    /// Encodes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(role, forKey: .role)
        try fields.encode(uuid.lowercased, forKey: .uuid)
        try fields.encodeIfPresent(name, forKey: .name)
    }
}
