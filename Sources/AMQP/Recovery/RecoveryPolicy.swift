/// How long a lost connection is waited for before it is made again.
///
/// The delay doubles with each attempt that fails, up to the maximum. A random part is taken off, so that the clients of
/// a broker that comes back do not all knock at once.
public struct RecoveryPolicy: Sendable, Hashable, Codable {
    /// The longest delay before the first attempt.
    public var firstDelay: Duration
    /// The longest delay of all. A broker that refuses the login is asked again at this pace.
    public var maximumDelay: Duration
    /// The part of a delay that is random, 0 to 1: with 0.5, a delay of 8 s is 4 to 8 s.
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

    /// The same, with delays that can be computed with.
    var bounded: RecoveryPolicy {
        let first = min(firstDelay, Deadline.longest)
        return RecoveryPolicy(firstDelay: first, maximumDelay: min(maximumDelay, Deadline.longest), jitter: jitter)
    }

    /// Whether the values make sense: delays above zero, the first not above the maximum, jitter within 0 and 1.
    public var isValid: Bool {
        firstDelay > .zero && firstDelay <= maximumDelay && (0...1).contains(jitter)
    }
}
