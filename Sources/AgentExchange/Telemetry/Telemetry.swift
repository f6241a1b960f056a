internal import Foundation
internal import Metrics

#if Tracing
    internal import Tracing
#endif

/// What a client reports to: the metrics of the process, and how spans name the exchange.
final class Telemetry: Sendable {
    /// The handlers of the metrics.
    let metrics: ExchangeMetrics

    /// The kind of the exchange; see ``ExchangeTransport/exchangeKind``.
    let exchangeKind: String

    convenience init(_ transport: any ExchangeTransport) {
        self.init(exchangeKind: transport.exchangeKind)
    }

    #if Tracing
        /// The tracer that was active where the client was made. Handlers run in tasks that inherit nothing from there.
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
    /// What spans call the mailbox: what its queue is called after the namespace.
    var destinationName: String { "\(role.rawValue).\(uuid.lowercased)" }
}
