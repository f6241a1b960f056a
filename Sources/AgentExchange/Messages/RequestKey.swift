package import Foundation

/// What tells requests apart: a tag is the requester's, and two requesters may use the same.
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

    /// Who asks, without the display name.
    package var source: EntityID { EntityID(role: role, uuid: requester) }
}

extension RequestKey: Hashable {
    /// Hashes the tag only: whoever uses one twice is rare.
    package func hash(into hasher: inout Hasher) {
        withUnsafeBytes(of: tag.uuid) { tag in
            hasher.combine(tag.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
            hasher.combine(tag.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }
}
