internal import DequeModule
internal import HeapModule

/// The deadlines of operations, the earliest first.
///
/// Deadlines mostly arrive in order. Those form a row; only the others need a heap. Operations that end before their
/// deadline are removed lazily: the caller tells which ones are still alive.
struct DeadlineQueue {
    private struct Entry: Comparable {
        var deadline: ContinuousClock.Instant
        var id: UInt64

        static func < (lhs: Entry, rhs: Entry) -> Bool {
            lhs.deadline == rhs.deadline ? lhs.id < rhs.id : lhs.deadline < rhs.deadline
        }
    }

    private var row: Deque<Entry> = []
    private var others = Heap<Entry>()

    /// The number of entries, including those of ended operations.
    var count: Int { row.count + others.count }

    private var first: Entry? {
        guard let other = others.min else { return row.first }
        guard let inRow = row.first else { return other }
        return min(inRow, other)
    }

    private mutating func removeFirst() {
        if let other = others.min, row.first.map({ other < $0 }) ?? true {
            others.removeMin()
        } else {
            row.removeFirst()
        }
    }

    /// Adds the deadline of an operation.
    mutating func insert(_ id: UInt64, at deadline: ContinuousClock.Instant) {
        let entry = Entry(deadline: deadline, id: id)
        if let last = row.last, entry < last { others.insert(entry) } else { row.append(entry) }
    }

    /// Returns the next deadline of a living operation.
    mutating func next(isAlive: (UInt64) -> Bool) -> ContinuousClock.Instant? {
        while let first {
            if isAlive(first.id) { return first.deadline }
            removeFirst()
        }
        return nil
    }

    /// Removes and returns one living operation whose deadline has passed.
    mutating func popExpired(now: ContinuousClock.Instant, isAlive: (UInt64) -> Bool) -> UInt64? {
        while let first, first.deadline <= now || !isAlive(first.id) {
            removeFirst()
            if isAlive(first.id) { return first.id }
        }
        return nil
    }

    /// Removes ended operations when they are the larger part.
    mutating func compact(alive: Int, isAlive: (UInt64) -> Bool) {
        guard count > 2 * alive + 4096 else { return }
        row.removeAll { !isAlive($0.id) }
        others = Heap(others.unordered.filter { isAlive($0.id) })
    }
}

extension ContinuousClock.Instant? {
    /// Returns the earlier of two instants, where `nil` means none.
    static func earlier(_ one: Self, _ other: Self) -> Self {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }
}
