#if Hybrid
    internal import AgentExchange
    internal import Synchronization

    /// Tells the metrics how many lanes and messages of open fate a session has.
    final class LaneMeters: Sendable {
        private let metrics: ExchangeMetrics
        /// The numbers that the metrics have by now.
        private let reported = Mutex((lanes: 0, unanswered: 0))

        init(_ metrics: ExchangeMetrics) {
            self.metrics = metrics
        }

        /// Reports the lanes and messages that were added or removed since the last report.
        ///
        /// - Parameter sums: Returns the present numbers. It is called under a lock, so that no older ones follow newer ones.
        func report(_ sums: () -> (lanes: Int, unanswered: Int)) {
            let (lanes, unanswered) = reported.withLock { reported in
                let (before, now) = (reported, sums())
                reported = now
                return (now.lanes - before.lanes, now.unanswered - before.unanswered)
            }
            if lanes != 0 { metrics.move(.directLanes, by: Double(lanes)) }
            if unanswered != 0 { metrics.move(.directUnanswered, by: Double(unanswered)) }
        }
    }
#endif
