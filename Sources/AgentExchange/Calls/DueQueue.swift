internal import DequeModule
internal import HeapModule

/// Entries with deadlines, the earliest first.
///
/// Deadlines mostly arrive in order. Those form a row; only the others need a heap.
package struct DueQueue<Element: Sendable>: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package struct Entry: Comparable, Sendable {
        package let deadline: Instant
        package let element: Element

        package static func < (left: Entry, right: Entry) -> Bool { left.deadline < right.deadline }
        package static func == (left: Entry, right: Entry) -> Bool { left.deadline == right.deadline }
    }

    private var row: Deque<Entry> = []
    private var others = Heap<Entry>()

    /// Makes an empty queue.
    package init() {}

    /// The number of entries.
    package var count: Int { row.count + others.count }

    /// The entry with the earliest deadline.
    package var first: Entry? {
        guard let inRow = row.first else { return others.min }
        guard let other = others.min else { return inRow }
        return min(inRow, other)
    }

    /// Adds an entry.
    package mutating func insert(_ element: Element, at deadline: Instant) {
        let entry = Entry(deadline: deadline, element: element)
        if let last = row.last, deadline < last.deadline { others.insert(entry) } else { row.append(entry) }
    }

    /// Removes and returns the earliest entry if it is due by `now`.
    package mutating func popFirst(by now: Instant) -> Entry? {
        guard let first, first.deadline <= now else { return nil }
        // Of two entries with the same deadline the one in the row goes first, as above.
        if let inRow = row.first, inRow == first { return row.popFirst() }
        return others.popMin()
    }

    /// Removes the entries that satisfy a condition.
    package mutating func removeAll(where isOver: (Entry) -> Bool) {
        row.removeAll(where: isOver)
        others = Heap(others.unordered.filter { !isOver($0) })
    }
}
