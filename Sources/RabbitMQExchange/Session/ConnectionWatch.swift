internal import AMQP
internal import AgentExchange
internal import Logging

/// Reports what happens to a connection of a session besides the calls on it: alarms of the broker, and its end.
struct ConnectionWatch: Sendable {
    /// `publisher` or `consumer`.
    let role: String
    let metrics: ExchangeMetrics
    let logger: Logger

    /// Runs until the connection ends.
    func run(_ connection: Connection) async {
        var blockedSince: ContinuousClock.Instant?
        for await event in connection.events {
            switch event {
            case .blocked:
                guard blockedSince == nil else { continue }
                blockedSince = .now
                metrics.move(.blocked, .role(role), by: 1)
            case .unblocked:
                unblocked(&blockedSince)
            case .closed(let error):
                unblocked(&blockedSince)
                if let error { lost(error) }
            }
        }
        unblocked(&blockedSince)
    }

    private func unblocked(_ since: inout ContinuousClock.Instant?) {
        guard let start = since else { return }
        since = nil
        metrics.move(.blocked, .role(role), by: -1)
        metrics.record(.blockedTime, .role(role), duration: start.duration(to: .now))
    }

    private func lost(_ error: AMQPError) {
        let code = ExchangeError(error, "a connection to the broker was lost").code
        metrics.count(.connectionsLost, .role(role), .reason(code.bounded))
        logger.error(
            "a connection to the broker was lost",
            metadata: .init(keys: [.connection: role, .code: code.rawValue, .error: error.description])
        )
    }
}
