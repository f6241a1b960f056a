internal import Foundation
internal import Metrics

#if Tracing
    internal import Tracing
#endif

/// A client's telemetry: the metrics of the process, and the name of the exchange in spans.
final class Telemetry: Sendable {
    /// The handlers of the metrics.
    let metrics: ExchangeMetrics

    /// The kind of the exchange, as its transports call it.
    let exchangeKind: String

    #if Tracing
        /// The tracer that was active where the client was made. Handlers run in tasks that do not inherit it.
        let tracer: (any Tracer)?
    #endif

    init(exchangeKind: String) {
        metrics = .current
        self.exchangeKind = exchangeKind
        #if Tracing
            let active = InstrumentationSystem.tracer
            tracer = active is NoOpTracer ? nil : active
        #endif
    }

    var exchange: ExchangeMetrics.Dimension { .exchange(exchangeKind) }
}

extension EntityID {
    /// The mailbox's name in spans: its queue name after the namespace.
    var destinationName: String { "\(role.rawValue).\(uuid.lowercased)" }
}
