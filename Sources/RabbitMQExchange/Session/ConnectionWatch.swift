internal import AMQP
internal import AgentExchange
internal import Logging

/// Reports the events of a session's recovering connection: broker alarms, lost connections, and their restoration.
struct ConnectionWatch: Sendable {
    /// `publisher` or `consumer`.
    let role: String
    let metrics: ExchangeMetrics
    let logger: Logger

    /// Reported events that have not ended.
    private struct Progress {
        var blockedSince: ContinuousClock.Instant?
        var isLost = false
        var refusal: AMQPError.Code?
    }

    /// Runs until the recovering connection is closed.
    ///
    /// - Parameter changed: Called after each event.
    func run(_ connection: RecoveringConnection, changed: @Sendable () -> Void) async {
        var progress = Progress()
        for await event in connection.events {
            switch event {
            case .blocked:
                guard progress.blockedSince == nil else { continue }
                progress.blockedSince = .now
                metrics.move(.blocked, [.role(role)], by: 1)
            case .unblocked:
                unblocked(&progress)
            case .lost(let error):
                lost(error, &progress)
            case .renewing:
                logger.info(
                    "a connection is made anew, because its credentials end soon",
                    metadata: .init(keys: [.connection: role])
                )
            case .refused(let error):
                refused(error, &progress)
            case .recovered(let outage, let attempts):
                recovered(outage, attempts, &progress)
            case .closed: break
            }
            changed()
        }
        unblocked(&progress)
        if progress.isLost { metrics.move(.disconnected, [.role(role)], by: -1) }
    }

    private func unblocked(_ progress: inout Progress) {
        guard let start = progress.blockedSince else { return }
        progress.blockedSince = nil
        metrics.move(.blocked, [.role(role)], by: -1)
        metrics.record(.blockedTime, [.role(role)], duration: start.duration(to: .now))
    }

    private func lost(_ error: AMQPError, _ progress: inout Progress) {
        let code = ExchangeError(error, "a connection to the broker was lost").code
        metrics.count(.connectionsLost, [.role(role), .reason(code.bounded)])
        if !progress.isLost { metrics.move(.disconnected, [.role(role)], by: 1) }
        progress.isLost = true
        logger.warning(
            "a connection to the broker was lost; it is made again",
            metadata: .init(keys: [.connection: role, .code: code.rawValue, .error: error.description])
        )
    }

    /// Reports a refusal once, rather than at each attempt.
    private func refused(_ error: AMQPError, _ progress: inout Progress) {
        guard progress.refusal != error.code else { return }
        progress.refusal = error.code
        let code = ExchangeError(error, "the broker refuses this client").code
        logger.error(
            "the broker refuses this client; it is asked again now and then",
            metadata: .init(keys: [.connection: role, .code: code.rawValue, .error: error.description])
        )
    }

    private func recovered(_ outage: Duration, _ attempts: Int, _ progress: inout Progress) {
        progress.refusal = nil
        metrics.count(.connectionsOpened, [.role(role)])
        metrics.record(.outage, [.role(role)], duration: outage)
        if progress.isLost { metrics.move(.disconnected, [.role(role)], by: -1) }
        progress.isLost = false
        logger.notice(
            "the connection to the broker is back",
            metadata: .init(keys: [.connection: role, .count: "\(attempts)", .duration: "\(outage)"])
        )
    }
}
