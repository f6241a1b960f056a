internal import AgentExchange

/// Which terminations are not known to be finished, and when each is to be looked at: a pure value.
///
/// An author needs a moment, so a termination is first looked at some seconds after it was heard of, then again and
/// again, ever more rarely, until a record says that it is finished.
struct FinishingSchedule: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A termination that is to be looked at.
    struct Abandoned: Sendable, Hashable {
        let id: EntityID
        /// The types of the agent, as far as they are known: broadcasts to them lead to its queue.
        let lineage: [String]
    }

    private struct Entry {
        var lineage: [String]
        var due: Instant
        var looks = 0
        var isBeingLookedAt = false
    }

    /// How long an author is left alone.
    static let patience = Duration.seconds(3)
    /// The longest time from one look to the next.
    static let longestPause = Duration.seconds(15)

    private var entries: [EntityID: Entry] = [:]

    /// Terminations that are not known to be finished.
    var count: Int { entries.count }

    /// When the next one is due; `nil` when there is none.
    var nextDue: Instant? { entries.values.lazy.filter { !$0.isBeingLookedAt }.map(\.due).min() }

    /// The types of an agent whose termination is not finished.
    func lineage(of id: EntityID) -> [String]? { entries[id]?.lineage }

    /// A record was read.
    ///
    /// - Parameter jitter: 0 to 1: processes that hear of it at once do not look at once.
    mutating func take(_ announcement: Announcement, now: Instant, jitter: Double) {
        switch announcement {
        case .terminated(let id, let lineage):
            if entries[id] == nil {
                entries[id] = Entry(lineage: lineage, due: now + Self.patience * (1 + jitter * 0.5))
            } else if !lineage.isEmpty {
                entries[id]?.lineage = lineage
            }
        case .finished(let id):
            entries[id] = nil
        case .gone(let ids):
            for id in ids { entries[id] = nil }
        case .registered, .owned, .fence:
            break
        }
    }

    /// Takes out what is due, so many at most. Each is left alone until ``looked(at:now:jitter:)``.
    mutating func takeDue(now: Instant, limit: Int) -> [Abandoned] {
        var taken: [Abandoned] = []
        for (id, entry) in entries where !entry.isBeingLookedAt && entry.due <= now && taken.count < limit {
            taken.append(Abandoned(id: id, lineage: entry.lineage))
        }
        for abandoned in taken { entries[abandoned.id]?.isBeingLookedAt = true }
        return taken
    }

    /// A look is over. Unless a record says that it is finished, there will be another.
    mutating func looked(at id: EntityID, now: Instant, jitter: Double) {
        guard var entry = entries[id] else { return }
        entry.isBeingLookedAt = false
        entry.looks += 1
        let pause = min(Self.longestPause, Self.patience * Double(1 << min(entry.looks - 1, 8)))
        entry.due = now + pause * (0.75 + jitter * 0.5)
        entries[id] = entry
    }
}
