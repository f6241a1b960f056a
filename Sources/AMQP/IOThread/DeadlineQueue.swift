internal import DequeModule
internal import HeapModule

/// Which operation's deadline comes next.
///
/// Deadlines mostly come in the order of time. Those stand in a row; only the others need a heap. Operations that end before
/// their deadline are forgotten lazily: whoever asks says which are still alive.
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

    /// Entries, also of operations that ended.
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

    /// An operation must end by this instant.
    mutating func insert(_ id: UInt64, at deadline: ContinuousClock.Instant) {
        let entry = Entry(deadline: deadline, id: id)
        if let last = row.last, entry < last { others.insert(entry) } else { row.append(entry) }
    }

    /// The next deadline of an operation that is alive.
    mutating func next(isAlive: (UInt64) -> Bool) -> ContinuousClock.Instant? {
        while let first {
            if isAlive(first.id) { return first.deadline }
            removeFirst()
        }
        return nil
    }

    /// Takes one operation that is alive and whose deadline has passed.
    mutating func popExpired(now: ContinuousClock.Instant, isAlive: (UInt64) -> Bool) -> UInt64? {
        while let first, first.deadline <= now || !isAlive(first.id) {
            removeFirst()
            if isAlive(first.id) { return first.id }
        }
        return nil
    }

    /// Forgets operations that ended, when they are the larger part.
    mutating func compact(alive: Int, isAlive: (UInt64) -> Bool) {
        guard count > 2 * alive + 4096 else { return }
        row.removeAll { !isAlive($0.id) }
        others = Heap(others.unordered.filter { isAlive($0.id) })
    }
}
