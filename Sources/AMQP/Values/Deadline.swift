/// The moment by which a call must have ended, on the monotonic clock that also counts while the machine sleeps.
public struct Deadline: Sendable, Hashable, Comparable {
    let instant: ContinuousClock.Instant

    /// A deadline at an instant of the continuous clock.
    public init(_ instant: ContinuousClock.Instant) {
        self.instant = instant
    }

    /// A deadline that is `duration` from now, at most a hundred years; a negative duration has passed already.
    public static func after(_ duration: Duration) -> Deadline {
        Deadline(.now + min(max(duration, .zero - longest), longest))
    }

    /// The longest time that is computed with: a hundred years. More means "never", and the timers of the system do not
    /// reach much further.
    static let longest = Duration.seconds(100 * 365 * 86_400)

    /// The time that is left; negative when the deadline has passed.
    public var remaining: Duration { ContinuousClock.now.duration(to: instant) }

    /// Whether `lhs` is earlier than `rhs`.
    public static func < (lhs: Deadline, rhs: Deadline) -> Bool { lhs.instant < rhs.instant }
}
