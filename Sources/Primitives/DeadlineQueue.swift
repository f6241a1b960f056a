public import DequeModule
public import HeapModule

/// Elements with deadlines, the earliest first.
///
/// Deadlines mostly arrive in order. Those form a row; only the others need a heap. Elements that end before their deadline
/// may stay: the caller then tells which ones are still alive. Public, because only then it is specialized where it is used.
public struct DeadlineQueue<Element: Sendable>: Sendable {
    /// The clock's instants.
    public typealias Instant = ContinuousClock.Instant

    /// An element with its deadline.
    public struct Entry: Comparable, Sendable {
        /// The deadline.
        public let deadline: Instant
        /// The element.
        public let element: Element

        /// Creates an entry.
        @inlinable
        public init(deadline: Instant, element: Element) {
            self.deadline = deadline
            self.element = element
        }

        /// Compares the deadlines.
        @inlinable
        public static func < (left: Entry, right: Entry) -> Bool { left.deadline < right.deadline }

        /// Compares the deadlines.
        @inlinable
        public static func == (left: Entry, right: Entry) -> Bool { left.deadline == right.deadline }
    }

    @usableFromInline var row: Deque<Entry> = []
    @usableFromInline var others = Heap<Entry>()

    /// Creates an empty queue.
    @inlinable
    public init() {}

    /// The number of entries, including those of ended elements.
    @inlinable
    public var count: Int { row.count + others.count }

    /// The entry with the earliest deadline.
    @inlinable
    public var first: Entry? {
        guard let other = others.min else { return row.first }
        guard let inRow = row.first else { return other }
        return other < inRow ? other : inRow
    }

    /// Adds an element.
    @inlinable
    public mutating func insert(_ element: Element, at deadline: Instant) {
        let entry = Entry(deadline: deadline, element: element)
        if let last = row.last, deadline < last.deadline { others.insert(entry) } else { row.append(entry) }
    }

    /// Removes and returns the entry with the earliest deadline.
    @inlinable
    @discardableResult
    public mutating func popFirst() -> Entry? {
        // Of two entries with the same deadline the one in the row goes first, as in `first`.
        if let other = others.min, row.first.map({ other < $0 }) ?? true { return others.popMin() }
        return row.popFirst()
    }

    /// Removes and returns the earliest entry if it is due by `now`.
    @inlinable
    public mutating func popFirst(by now: Instant) -> Entry? {
        guard let first, first.deadline <= now else { return nil }
        return popFirst()
    }

    /// Removes the entries that satisfy a condition.
    @inlinable
    public mutating func removeAll(where isOver: (Entry) -> Bool) {
        row.removeAll(where: isOver)
        others = Heap(others.unordered.filter { !isOver($0) })
    }

    // MARK: Elements that end before their deadline

    /// Returns the next deadline of a living element.
    @inlinable
    public mutating func next(isAlive: (Element) -> Bool) -> Instant? {
        while let first {
            if isAlive(first.element) { return first.deadline }
            popFirst()
        }
        return nil
    }

    /// Removes and returns one living element that is overdue.
    @inlinable
    public mutating func popExpired(now: Instant, isAlive: (Element) -> Bool) -> Element? {
        while let first, first.deadline <= now || !isAlive(first.element) {
            popFirst()
            if isAlive(first.element) { return first.element }
        }
        return nil
    }

    /// Removes ended elements when they are the larger part.
    @inlinable
    public mutating func compact(alive: Int, isAlive: (Element) -> Bool) {
        guard count > 2 * alive + 4096 else { return }
        removeAll { !isAlive($0.element) }
    }
}

extension ContinuousClock.Instant? {
    /// Returns the earlier of two instants, where `nil` means none.
    public static func earlier(_ one: Self, _ other: Self) -> Self {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }
}
