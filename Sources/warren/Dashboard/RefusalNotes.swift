import Synchronization

/// Tells an operator of refused requests: the first of each reason at once, then their number once a minute.
final class RefusalNotes: Sendable {
    private struct Entry {
        var count = 0
        var next: ContinuousClock.Instant
    }

    private static let pause = Duration.seconds(60)

    private let entries = Mutex<[RequestGuard.Refusal: Entry]>([:])

    /// Counts a refusal. Returns a line when one is due. It has nothing of the request, whose sender may be hostile.
    func line(_ refusal: RequestGuard.Refusal, now: ContinuousClock.Instant = .now) -> String? {
        let count = entries.withLock { entries -> Int? in
            var entry = entries[refusal] ?? Entry(next: now)
            entry.count += 1
            defer { entries[refusal] = entry }
            guard now >= entry.next else { return nil }
            defer { entry = Entry(next: now + Self.pause) }
            return entry.count
        }
        return count.map { "\($0) requests refused: \(refusal.failure.message)" }
    }
}
