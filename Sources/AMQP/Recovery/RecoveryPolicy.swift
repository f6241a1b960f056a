/// The delays before a lost connection is restored.
///
/// The delay doubles with each failed attempt, up to the maximum. A random part is subtracted, so that the clients of a
/// restarted broker do not all connect at once.
public struct RecoveryPolicy: Sendable, Hashable, Codable {
    /// The longest delay before the first attempt.
    public var firstDelay: Duration
    /// The longest delay of all. A refused login is retried at this pace.
    public var maximumDelay: Duration
    /// The random part of a delay, 0 to 1: with 0.5, a delay of 8 s is 4 to 8 s.
    public var jitter: Double

    /// Creates a policy.
    public init(
        firstDelay: Duration = .milliseconds(100),
        maximumDelay: Duration = .seconds(10),
        jitter: Double = 0.5
    ) {
        self.firstDelay = firstDelay
        self.maximumDelay = maximumDelay
        self.jitter = jitter
    }

    /// The policy with delays limited to computable values.
    var bounded: RecoveryPolicy {
        let first = min(firstDelay, Deadline.longest)
        return RecoveryPolicy(firstDelay: first, maximumDelay: min(maximumDelay, Deadline.longest), jitter: jitter)
    }

    /// Whether the values are valid: delays above zero, the first not above the maximum, jitter within 0 and 1.
    public var isValid: Bool {
        firstDelay > .zero && firstDelay <= maximumDelay && (0...1).contains(jitter)
    }
}
