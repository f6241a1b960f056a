/// A clock that stands still until a test moves it.
///
/// ```swift
/// let clock = ManualClock()
/// async let done: Void = codeUnderTest(clock: clock)
/// try await clock.sleepers(atLeast: 1)      // it sleeps now
/// clock.advance(by: .seconds(30))
/// ```
public final class ManualClock: Clock {
    /// A moment of the clock.
    public struct Instant: InstantProtocol, CustomStringConvertible {
        /// The time since the clock was made.
        public let offset: Duration

        /// Makes the moment that long after the clock was made.
        public init(offset: Duration = .zero) { self.offset = offset }

        /// A later moment; an earlier one for a negative duration.
        public func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        /// The time from this moment to another.
        public func duration(to other: Instant) -> Duration { other.offset - offset }
        /// Orders earlier moments before later ones.
        public static func < (one: Instant, other: Instant) -> Bool { one.offset < other.offset }
        /// The time since the clock was made.
        public var description: String { "\(offset)" }
    }

    private struct State {
        var now = Instant()
        var deadlines: [UInt64: Instant] = [:]
        var nextSleeper: UInt64 = 0
    }

    private let state = Monitor(State())

    /// Makes a clock that shows zero.
    public init() {}

    /// The current moment.
    public var now: Instant { state.value.now }
    /// The finest step: a nanosecond.
    public var minimumResolution: Duration { .nanoseconds(1) }
    /// The number of sleeping tasks.
    public var sleepers: Int { state.value.deadlines.count }
    /// The earliest deadline of a sleeper; `nil` when no task sleeps.
    public var nextDeadline: Instant? { state.value.deadlines.values.min() }

    /// Advances the clock and wakes every task whose deadline has come.
    public func advance(by duration: Duration) {
        state.update { $0.now = $0.now.advanced(by: duration) }
    }

    /// Advances the clock to the first deadline, if a task sleeps.
    ///
    /// - Returns: Whether a task was sleeping.
    @discardableResult
    public func advanceToNextDeadline() -> Bool {
        state.update { state in
            guard let next = state.deadlines.values.min() else { return false }
            state.now = max(state.now, next)
            return true
        }
    }

    /// Waits until at least `count` tasks sleep on the clock.
    ///
    /// - Parameters:
    ///   - count: the number of tasks.
    ///   - timeout: a deadline in real time.
    /// - Throws: ``ConditionNotMet``.
    public func sleepers(atLeast count: Int, timeout: Duration = .seconds(30)) async throws {
        try await state.wait(for: "\(count) sleepers", timeout: timeout) { $0.deadlines.count >= count ? true : nil }
    }

    /// Sleeps until the clock has reached the deadline.
    ///
    /// - Throws: `CancellationError`.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let sleeper: UInt64? = state.update { state in
            guard deadline > state.now else { return nil }
            state.nextSleeper += 1
            state.deadlines[state.nextSleeper] = deadline
            return state.nextSleeper
        }
        guard let sleeper else { return try Task.checkCancellation() }
        defer { state.update { $0.deadlines[sleeper] = nil } }
        try await state.wait { $0.now >= deadline ? true : nil }
    }
}
