internal import AgentExchange
internal import Logging
internal import Synchronization

/// Counts the handshakes that this process refused, and logs at most one line a second, never with a key.
final class HandshakeFailures: Sendable {
    private struct State {
        var counts: [String: Int] = [:]
        var throttle = FailureThrottle()
    }

    private let logger: Logger
    private let metrics: ExchangeMetrics
    private let state = Mutex(State())

    init(logger: Logger, metrics: ExchangeMetrics = .current) {
        self.logger = logger
        self.metrics = metrics
    }

    /// The number of refused handshakes, keyed by ``HandshakeError/reason``.
    var counts: [String: Int] { state.withLock(\.counts) }

    /// Notes a refused handshake.
    ///
    /// - Parameter address: The address of the other side, for the log.
    func note(_ error: HandshakeError, from address: String) {
        let count = state.withLock { state in
            state.counts[error.reason, default: 0] += 1
            return state.throttle.note(at: .now)
        }
        metrics.count(.directHandshakesFailed, [.reason(error.reason)])
        guard let count else { return }
        logger.warning(
            "a handshake on the direct port failed",
            metadata: .init(keys: [.reason: error.reason, .address: address, .count: "\(count)"])
        )
    }
}
