internal import Foundation

/// The sessions that are asked for a direct way, and the times at which they are asked again: a pure value.
struct PeerQuestions: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The number of remembered sessions. Others are not asked while that many are.
    static let limit = 4096
    /// The time after which an unreachable session is forgotten.
    private static let memory = Duration.seconds(600)

    private struct Entry: Sendable {
        var schedule = DialSchedule()
        var isAsked = false
        var last: Instant
    }

    private var entries: [UUID: Entry] = [:]

    /// The number of remembered sessions.
    var count: Int { entries.count }

    /// Begins to ask a session. Returns `false` when it is asked already, or was not reached a moment ago.
    mutating func begin(_ session: UUID, now: Instant) -> Bool {
        if entries[session] == nil {
            if entries.count >= Self.limit {
                entries = entries.filter { $0.value.isAsked || $0.value.last.duration(to: now) < Self.memory }
            }
            guard entries.count < Self.limit else { return false }
        }
        var entry = entries[session] ?? Entry(last: now)
        guard !entry.isAsked, entry.schedule.isDue(at: now) else { return false }
        entry.isAsked = true
        entry.last = now
        entries[session] = entry
        return true
    }

    /// Returns whether a session is asked now.
    func isAsked(_ session: UUID) -> Bool { entries[session]?.isAsked ?? false }

    /// Ends a question.
    ///
    /// - Parameters:
    ///   - isReached: Whether there is a connection now.
    ///   - share: As in ``DialSchedule/failed(at:share:)``.
    mutating func end(_ session: UUID, isReached: Bool, now: Instant, share: Double) {
        guard !isReached else {
            entries[session] = nil
            return
        }
        entries[session]?.isAsked = false
        entries[session]?.schedule.failed(at: now, share: share)
    }
}
