public import Foundation

/// The identity of an agent: a UUID, with an optional display name.
///
/// Two identifiers are equal when their UUIDs are equal; the name is ignored. An agent and a user with the same UUID
/// are different: compare them as ``EntityID``.
public struct AgentID: Sendable, Codable {
    /// The UUID that identifies the agent. It is also the routing key of the agent's mailbox.
    public let uuid: UUID

    /// A display name. It need not be unique.
    public let name: String?

    /// Makes an identifier. Without arguments it is new.
    public init(uuid: UUID = UUID(), name: String? = nil) {
        self.uuid = uuid
        self.name = name
    }
}

extension AgentID: Hashable {
    /// Returns whether both have the same UUID.
    public static func == (left: AgentID, right: AgentID) -> Bool {
        left.uuid == right.uuid
    }

    /// Hashes the role and the UUID.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(EntityRole.agent)
        hasher.combine(uuid)
    }
}

extension AgentID: CustomStringConvertible {
    /// `agent:NAME` or, without a name, `agent:` and the first eight digits of the UUID.
    public var description: String {
        EntityRole.agent.describe(uuid, name)
    }
}
