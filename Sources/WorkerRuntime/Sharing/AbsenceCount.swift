/// Counts how long things have been absent that are looked at from time to time: slots and records without a receiver. It is pure.
struct AbsenceCount<Key: Hashable & Sendable>: Sendable {
    /// The absence of a thing, after a look.
    struct Absence: Equatable, Sendable {
        /// The looks in a row that did not find it; 0 when it is there.
        var looks = 0
        /// The time since the first of them.
        var time = Duration.zero
        /// Whether it was there before.
        var wasSeen = false

        /// Whether it has been absent for a limit, at more than one look.
        func isOver(_ limit: Duration) -> Bool { looks > 1 && time >= limit }
    }

    private struct Entry {
        var looks = 0
        var since: ContinuousClock.Instant
        var wasSeen: Bool
    }

    private var entries: [Key: Entry] = [:]

    /// The number of things that are known.
    var count: Int { entries.count }

    /// Forgets all things but some.
    mutating func keep(where isKept: (Key) -> Bool) {
        entries = entries.filter { isKept($0.key) }
    }

    /// Forgets a thing.
    mutating func forget(_ key: Key) {
        entries[key] = nil
    }

    /// Records a look at a thing.
    mutating func look(_ key: Key, isThere: Bool, at now: ContinuousClock.Instant = .now) -> Absence {
        if isThere {
            entries[key] = Entry(since: now, wasSeen: true)
            return Absence(wasSeen: true)
        }
        var entry = entries[key] ?? Entry(since: now, wasSeen: false)
        if entry.looks == 0 { entry.since = now }
        entry.looks += 1
        entries[key] = entry
        return Absence(looks: entry.looks, time: entry.since.duration(to: now), wasSeen: entry.wasSeen)
    }
}
