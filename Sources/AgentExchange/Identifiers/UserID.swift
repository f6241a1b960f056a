public import Foundation

/// The identity of a user, a client that serves no requests: a UUID, with an optional display name.
///
/// Two identifiers are equal when their UUIDs are equal; the name is ignored.
public struct UserID: Sendable, Codable {
    /// The UUID that identifies the user. It is also the routing key of the user's mailbox.
    public let uuid: UUID

    /// A display name. It need not be unique.
    public let name: String?

    /// Makes an identifier. Without arguments it is new.
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
