/// The time by which a call must end, on the monotonic clock that also runs while the machine sleeps.
public struct Deadline: Sendable, Hashable, Comparable {
    let instant: ContinuousClock.Instant

    /// A deadline at an instant of the continuous clock.
    public init(_ instant: ContinuousClock.Instant) {
        self.instant = instant
    }

    /// Returns a deadline `duration` from now, at most a hundred years. A negative duration has already passed.
    public static func after(_ duration: Duration) -> Deadline {
        Deadline(.now + min(max(duration, .zero - longest), longest))
    }

    /// The longest duration used in arithmetic: a hundred years. Longer durations mean "never"; system timers do not
    /// reach much further.
    static let longest = Duration.seconds(100 * 365 * 86_400)

    /// The remaining time; negative when the deadline has passed.
    public var remaining: Duration { ContinuousClock.now.duration(to: instant) }

    /// Whether `lhs` is earlier than `rhs`.
    public static func < (lhs: Deadline, rhs: Deadline) -> Bool { lhs.instant < rhs.instant }
}
