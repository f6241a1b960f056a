package import Foundation

/// The tags of recent requests.
package struct RecentTags: Sendable {
    private var tags: RecentSet<UUID>

    /// Remembers the last `capacity` tags, and up to as many older ones.
    package init(capacity: Int) {
        tags = RecentSet(capacity: capacity)
    }

    /// Returns whether a tag is among the remembered ones.
    package func contains(_ tag: UUID) -> Bool { tags.contains(tag) }

    /// Remembers a tag.
    package mutating func insert(_ tag: UUID) { tags.insert(tag) }
}
