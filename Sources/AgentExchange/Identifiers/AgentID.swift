public import Foundation

/// The identity of an agent: a UUID, with an optional name for people to read.
///
/// Two identifiers are equal when their UUIDs are; the name takes no part. An agent is never equal to a user, also with
/// the same UUID: compare them as ``EntityID``.
public struct AgentID: Sendable, Codable {
    /// What identifies the agent, and the routing key of its mailbox.
    public let uuid: UUID

    /// A display name. It need not be unique.
    public let name: String?

    /// Makes an identifier; with no arguments, a new one.
    public init(uuid: UUID = UUID(), name: String? = nil) {
        self.uuid = uuid
        self.name = name
    }
}

extension AgentID: Hashable {
    /// Whether both have the same UUID.
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
