/// The successive delays of a ``RecoveryPolicy``, without a clock or generator of its own.
package struct Backoff: Sendable, Equatable {
    private let policy: RecoveryPolicy
    /// Delays since the last reset.
    private(set) var attempts = 0
    /// The last delay, without its random part.
    private(set) var last = Duration.zero

    package init(_ policy: RecoveryPolicy) {
        self.policy = policy.bounded
    }

    /// Returns the next delay. `random` is at least 0 and below 1.
    package mutating func next(random: Double) -> Duration {
        last = last == .zero ? policy.firstDelay : min(policy.maximumDelay, last * 2)
        return take(random)
    }

    /// Returns the longest delay, for a cause that will not change soon.
    mutating func slowest(random: Double) -> Duration {
        last = policy.maximumDelay
        return take(random)
    }

    /// Starts again with the first delay.
    package mutating func reset() {
        attempts = 0
        last = .zero
    }

    private mutating func take(_ random: Double) -> Duration {
        attempts += 1
        return last * (1 - policy.jitter * min(max(random, 0), 1))
    }
}
