package import Foundation

/// The identity of a request: its source and tag. Two requesters may use the same tag.
package struct RequestKey: Sendable {
    private let role: EntityRole
    private let requester: UUID
    package let tag: UUID

    /// The key of a request with this source and tag.
    package init(source: EntityID, tag: UUID) {
        role = source.role
        requester = source.uuid
        self.tag = tag
    }

    /// The requester, without its display name.
    package var source: EntityID { EntityID(role: role, uuid: requester) }
}

extension RequestKey: Hashable {
    /// Hashes the tag only: two requesters rarely use the same one.
    package func hash(into hasher: inout Hasher) {
        withUnsafeBytes(of: tag.uuid) { tag in
            hasher.combine(tag.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
            hasher.combine(tag.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }
}
