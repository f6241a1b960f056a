internal import AgentExchange
internal import Primitives
internal import Synchronization

/// The ``FinishingSchedule`` of a session. Its directory feeds it, and its ``TerminationFinisher`` waits on it.
final class UnfinishedTerminations: Sendable {
    private struct State {
        var schedule = FinishingSchedule()
        var waiter: OneShot<Void>?
    }

    private let state = Mutex(State())

    /// The number of terminations that are not known to be complete.
    var count: Int { state.withLock { $0.schedule.count } }

    /// Returns the types of an agent whose termination is incomplete.
    func lineage(of id: EntityID) -> [String]? { state.withLock { $0.schedule.lineage(of: id) } }

    /// Applies a record that was read or written.
    func take(_ announcement: Announcement) {
        guard announcement.isAboutTermination else { return }
        let waiter: OneShot<Void>? = state.withLock { state in
            let wasEmpty = state.schedule.count == 0
            state.schedule.take(announcement, now: .now, jitter: .random(in: 0...1))
            guard wasEmpty, state.schedule.count > 0 else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.set()
    }

    /// Waits until an entry is due, at most for `limit`.
    func waitUntilDue(atMost limit: Duration) async {
        let signal = OneShot<Void>()
        let end = ContinuousClock.now + limit
        let due: ContinuousClock.Instant? = state.withLock { state in
            state.waiter = state.schedule.nextDue == nil ? signal : nil
            return state.schedule.nextDue
        }
        _ = await signal.wait(until: due.map { min($0, end) } ?? end)
    }

    /// Returns up to `limit` due entries.
    func takeDue(limit: Int) -> [FinishingSchedule.Abandoned] {
        state.withLock { $0.schedule.takeDue(now: .now, limit: limit) }
    }

    /// Ends a check.
    func looked(at id: EntityID) {
        state.withLock { $0.schedule.looked(at: id, now: .now, jitter: .random(in: 0...1)) }
    }
}

extension Announcement {
    fileprivate var isAboutTermination: Bool {
        switch self {
        case .terminated, .finished, .gone: true
        case .registered, .owned, .fence: false
        }
    }
}
