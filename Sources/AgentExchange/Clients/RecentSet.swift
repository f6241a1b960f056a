internal import DequeModule

/// The most recent members, up to a fixed number: how late and second messages are told from foreign ones.
package struct RecentSet<Element: Hashable & Sendable>: Sendable {
    private let capacity: Int
    private var order: Deque<Element> = []
    private var members: Set<Element> = []

    /// Remembers up to `capacity` members.
    package init(capacity: Int) {
        self.capacity = capacity
    }

    /// Whether nothing was ever inserted.
    package var isEmpty: Bool { order.isEmpty }

    /// Whether it is among the remembered ones.
    package func contains(_ element: Element) -> Bool {
        members.contains(element)
    }

    /// Remembers a member, and forgets the oldest one when there are too many. Returns whether it was new.
    @discardableResult
    package mutating func insert(_ element: Element) -> Bool {
        guard members.insert(element).inserted else { return false }
        order.append(element)
        if order.count > capacity, let oldest = order.popFirst() { members.remove(oldest) }
        return true
    }
}
