/// Lets one log line a second through, and counts the others: a pure value.
struct FailureThrottle: Sendable {
    typealias Instant = ContinuousClock.Instant

    private static let interval = Duration.seconds(1)

    private var last: Instant?
    private var suppressed = 0

    /// Returns the number of failures that the next line stands for; `nil` when no line is due.
    mutating func note(at now: Instant) -> Int? {
        if let last, last.duration(to: now) < Self.interval {
            suppressed += 1
            return nil
        }
        defer { suppressed = 0 }
        last = now
        return suppressed + 1
    }
}
