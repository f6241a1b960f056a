internal import DequeModule
package import Foundation

/// The most recent tags, up to a fixed number: how late and second messages are told from foreign ones.
package struct RecentTags: Sendable {
    private let capacity: Int
    private var order: Deque<UUID> = []
    private var members: Set<UUID> = []

    /// Remembers up to `capacity` tags.
    package init(capacity: Int) {
        self.capacity = capacity
    }

    /// Whether the tag is among the remembered ones.
    package func contains(_ tag: UUID) -> Bool {
        members.contains(tag)
    }

    /// Remembers a tag, and forgets the oldest one when there are too many.
    package mutating func insert(_ tag: UUID) {
        guard members.insert(tag).inserted else { return }
        order.append(tag)
        if order.count > capacity, let oldest = order.popFirst() { members.remove(oldest) }
    }
}
