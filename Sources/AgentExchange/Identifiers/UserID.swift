public import Foundation

/// The identity of a user, that is of a client that is not an agent: a UUID, with an optional name for people to read.
///
/// Two identifiers are equal when their UUIDs are; the name takes no part.
public struct UserID: Sendable, Codable {
    /// What identifies the user, and the routing key of its mailbox.
    public let uuid: UUID

    /// A display name. It need not be unique.
    public let name: String?

    /// Makes an identifier; with no arguments, a new one.
    public init(uuid: UUID = UUID(), name: String? = nil) {
        self.uuid = uuid
        self.name = name
    }
}

extension UserID: Hashable {
    /// Whether both have the same UUID.
    public static func == (left: UserID, right: UserID) -> Bool {
        left.uuid == right.uuid
    }

    /// Hashes the role and the UUID.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(EntityRole.user)
        hasher.combine(uuid)
    }
}

extension UserID: CustomStringConvertible {
    /// `user:NAME` or, without a name, `user:` and the first eight digits of the UUID.
    public var description: String {
        EntityRole.user.describe(uuid, name)
    }
}
