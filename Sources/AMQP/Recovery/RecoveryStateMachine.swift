/// The life of a ``RecoveringConnection``: connections follow one another until it is closed.
///
/// Events in, actions out; no I/O, no clock and no generator. Each connection has a generation; events about an earlier
/// one change nothing.
struct RecoveryStateMachine {
    enum State: Equatable, Sendable {
        /// Not opened yet.
        case idle
        /// A connection of this generation is being made.
        case connecting(Int)
        /// It is open, and the lost objects are being restored on it.
        case recovering(Int)
        /// It is open, with everything on it.
        case connected(Int)
        /// It ended, or could not be made; the next follows after a delay.
        case waiting(Int)
        case closed
    }

    /// The action for the owner.
    enum Action: Equatable, Sendable {
        /// Nothing: the event was about another connection.
        case none
        /// Make a connection of this generation, beginning with this endpoint in the list.
        case connect(Int, firstEndpoint: Int)
        /// Restore the lost objects on the connection of this generation.
        case recover(Int)
        /// Wait for the end of the connection.
        case watch(Int)
        /// Wait, then report ``RecoveryStateMachine/delayPassed()``.
        case wait(Duration)
        /// The first connection could not be made: fail the call that opens the recovering connection. It is closed.
        case fail(AMQPError)
        /// The recovering connection has ended.
        case end
    }

    private(set) var state = State.idle
    /// The reason that there is no usable connection; `nil` while there is one.
    private(set) var cause: AMQPError?
    /// The broker's reason for refusing this client: calls need not wait.
    private(set) var refusal: AMQPError?
    private var backoff: Backoff
    private var firstEndpoint = 0

    init(policy: RecoveryPolicy) {
        backoff = Backoff(policy)
    }

    /// Attempts to connect since the connection was lost.
    var attempts: Int { backoff.attempts }

    mutating func openRequested() -> Action {
        guard state == .idle else { return .none }
        state = .connecting(1)
        return .connect(1, firstEndpoint: firstEndpoint)
    }

    /// Records that a connection to the endpoint with this index is open.
    mutating func opened(_ generation: Int) -> Action {
        guard state == .connecting(generation) else { return .none }
        refusal = nil
        guard generation > 1 else {
            cause = nil
            state = .connected(generation)
            return .watch(generation)
        }
        state = .recovering(generation)
        return .recover(generation)
    }

    mutating func openFailed(_ generation: Int, _ error: AMQPError, random: Double) -> Action {
        guard state == .connecting(generation) else { return .none }
        guard generation > 1 else {
            cause = error
            state = .closed
            return .fail(error)
        }
        return wait(generation, error, random)
    }

    /// Records that everything is restored.
    mutating func recovered(_ generation: Int) -> Action {
        guard state == .recovering(generation) else { return .none }
        cause = nil
        state = .connected(generation)
        return .watch(generation)
    }

    /// Records that the connection closed or failed, or that its recovery failed.
    ///
    /// - Parameter uptime: How long it was connected. A lasting connection resets the delays.
    mutating func lost(_ generation: Int, _ error: AMQPError, uptime: Duration, random: Double) -> Action {
        switch state {
        case .connected(generation):
            if uptime >= backoff.last { backoff.reset() }
            return wait(generation, error, random)
        case .recovering(generation):
            return wait(generation, error, random)
        default:
            return .none
        }
    }

    /// Records that this process closed the connection to renew it with new credentials.
    mutating func renewed(_ generation: Int, _ error: AMQPError) -> Action {
        guard state == .connected(generation) else { return .none }
        state = .connecting(generation + 1)
        cause = error
        return .connect(generation + 1, firstEndpoint: firstEndpoint)
    }

    /// Records that the delay has passed.
    mutating func delayPassed() -> Action {
        guard case .waiting(let generation) = state else { return .none }
        state = .connecting(generation + 1)
        return .connect(generation + 1, firstEndpoint: firstEndpoint)
    }

    mutating func closeRequested() -> Action {
        guard state != .closed else { return .none }
        state = .closed
        return .end
    }

    private mutating func wait(_ generation: Int, _ error: AMQPError, _ random: Double) -> Action {
        state = .waiting(generation)
        cause = error
        refusal = error.isRefusal ? error : nil
        // Another address may work.
        firstEndpoint += 1
        return .wait(error.isRefusal ? backoff.slowest(random: random) : backoff.next(random: random))
    }
}

extension AMQPError {
    /// Whether the broker refused this client at its login.
    var isRefusal: Bool {
        code == .authenticationFailed || code == .virtualHostNotFound || code == .accessRefused
    }
}
