internal import AgentExchange

/// The terminations that are not known to be complete, with the time of each one's next check: a pure value.
///
/// The terminating session needs a moment, so a termination is first checked some seconds after it became known, then
/// again and again at growing intervals, until a record reports its completion.
struct FinishingSchedule: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A termination to be checked.
    struct Abandoned: Sendable, Hashable {
        let id: EntityID
        /// The agent's types, as far as known: broadcasts to them lead to its queue.
        let lineage: [String]
    }

    private struct Entry {
        var lineage: [String]
        var due: Instant
        var looks = 0
        var isBeingLookedAt = false
    }

    /// How long the terminating session is left alone.
    static let patience = Duration.seconds(3)
    /// The longest time between two checks.
    static let longestPause = Duration.seconds(15)

    private var entries: [EntityID: Entry] = [:]

    /// The number of terminations that are not known to be complete.
    var count: Int { entries.count }

    /// The time when the next one is due; `nil` when there is none.
    var nextDue: Instant? { entries.values.lazy.filter { !$0.isBeingLookedAt }.map(\.due).min() }

    /// Returns the types of an agent whose termination is incomplete.
    func lineage(of id: EntityID) -> [String]? { entries[id]?.lineage }

    /// Applies a record.
    ///
    /// - Parameter jitter: 0 to 1, which spreads the checks of processes that learn of it at the same time.
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

    /// Removes and returns up to `limit` due entries. Each is left alone until ``looked(at:now:jitter:)``.
    mutating func takeDue(now: Instant, limit: Int) -> [Abandoned] {
        var taken: [Abandoned] = []
        for (id, entry) in entries where !entry.isBeingLookedAt && entry.due <= now && taken.count < limit {
            taken.append(Abandoned(id: id, lineage: entry.lineage))
        }
        for abandoned in taken { entries[abandoned.id]?.isBeingLookedAt = true }
        return taken
    }

    /// Ends a check. Another one follows unless a record reports the completion.
    mutating func looked(at id: EntityID, now: Instant, jitter: Double) {
        guard var entry = entries[id] else { return }
        entry.isBeingLookedAt = false
        entry.looks += 1
        let pause = min(Self.longestPause, Self.patience * Double(1 << min(entry.looks - 1, 8)))
        entry.due = now + pause * (0.75 + jitter * 0.5)
        entries[id] = entry
    }
}
