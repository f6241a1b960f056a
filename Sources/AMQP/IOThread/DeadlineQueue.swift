internal import HeapModule

/// Which operation's deadline comes next.
///
/// Operations that end before their deadline are forgotten lazily: whoever asks says which are still alive.
struct DeadlineQueue {
    private struct Entry: Comparable {
        var deadline: ContinuousClock.Instant
        var id: UInt64

        static func < (lhs: Entry, rhs: Entry) -> Bool {
            lhs.deadline == rhs.deadline ? lhs.id < rhs.id : lhs.deadline < rhs.deadline
        }
    }

    private var heap = Heap<Entry>()

    /// Entries, also of operations that ended.
    var count: Int { heap.count }

    /// An operation must end by this instant.
    mutating func insert(_ id: UInt64, at deadline: ContinuousClock.Instant) {
        heap.insert(Entry(deadline: deadline, id: id))
    }

    /// The next deadline of an operation that is alive.
    mutating func next(isAlive: (UInt64) -> Bool) -> ContinuousClock.Instant? {
        while let first = heap.min {
            if isAlive(first.id) { return first.deadline }
            heap.removeMin()
        }
        return nil
    }

    /// Takes one operation that is alive and whose deadline has passed.
    mutating func popExpired(now: ContinuousClock.Instant, isAlive: (UInt64) -> Bool) -> UInt64? {
        while let first = heap.min, first.deadline <= now || !isAlive(first.id) {
            heap.removeMin()
            if isAlive(first.id) { return first.id }
        }
        return nil
    }

    /// Forgets operations that ended, when they are the larger part.
    mutating func compact(alive: Int, isAlive: (UInt64) -> Bool) {
        guard heap.count > 2 * alive + 4096 else { return }
        heap = Heap(heap.unordered.filter { isAlive($0.id) })
    }
}
