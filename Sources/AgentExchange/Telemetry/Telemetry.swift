internal import Foundation
internal import Metrics

/// What a client reports to: the metrics of the process, and how spans name the exchange.
struct Telemetry: Sendable {
    /// The handlers of the metrics.
    let metrics: ExchangeMetrics

    /// The kind of the exchange; see ``ExchangeTransport/exchangeKind``.
    let exchangeKind: String

    init(_ transport: any ExchangeTransport) {
        self.init(exchangeKind: transport.exchangeKind)
    }

    init(exchangeKind: String) {
        metrics = .current
        self.exchangeKind = exchangeKind
    }

    var exchange: ExchangeMetrics.Dimension { .exchange(exchangeKind) }
}

extension EntityID {
    /// What spans call the mailbox: what its queue is called after the namespace.
    var destinationName: String { "\(role.rawValue).\(uuid.lowercased)" }
}
