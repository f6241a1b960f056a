package import Metrics
internal import Synchronization

/// Makes the handlers of metrics once, and reports to them. Without a backend every call returns at once.
package final class ExchangeMetrics: Sendable {
    /// A dimension with its value.
    package struct Dimension: Sendable, Hashable {
        let name: MetricDimension
        let value: String

        package static func exchange(_ value: String) -> Self { Self(name: .exchange, value: value) }
        package static func role(_ value: String) -> Self { Self(name: .role, value: value) }
        package static func reason(_ value: String) -> Self { Self(name: .reason, value: value) }
        package static func arrival(_ value: String) -> Self { Self(name: .arrival, value: value) }

        /// A kind of another protocol version may be any text.
        package static func kind(_ kind: MessageKind) -> Self {
            Self(name: .kind, value: MessageKind.known.contains(kind) ? kind.rawValue : "foreign")
        }

        /// The code of an error may have come from another program, and be any text.
        package static func outcome(_ code: ExchangeError.Code?) -> Self {
            guard let code else { return Self(name: .outcome, value: "ok") }
            return Self(name: .outcome, value: code.bounded)
        }
    }

    private struct Series: Hashable {
        let label: MetricLabel
        let dimensions: [Dimension]
    }

    private struct Handlers {
        var counters: [Series: Counter] = [:]
        var meters: [Series: Meter] = [:]
        var timers: [Series: Metrics.Timer] = [:]
    }

    private let factory: any MetricsFactory
    private let handlers = Mutex(Handlers())

    /// Whether anybody hears of what is reported.
    package let isEnabled: Bool

    package init(factory: any MetricsFactory) {
        self.factory = factory
        isEnabled = !(factory is NOOPMetricsHandler)
    }

    private static let latest = Mutex<ExchangeMetrics?>(nil)

    /// The handlers of the current backend. Clients and sessions ask once, when they are made.
    package static var current: ExchangeMetrics {
        let factory = MetricsSystem.factory
        return latest.withLock { latest in
            if let latest, (latest.factory as AnyObject) === (factory as AnyObject) { return latest }
            let new = ExchangeMetrics(factory: factory)
            latest = new
            return new
        }
    }

    /// Adds to a counter.
    package func count(_ label: MetricLabel, _ dimensions: @autoclosure () -> [Dimension] = [], by number: Int = 1) {
        guard isEnabled else { return }
        let series = Series(label: label, dimensions: dimensions())
        handlers.withLock { handlers in
            Self.handler(series, in: &handlers.counters) { Counter(label: $0, dimensions: $1, factory: factory) }
        }
        .increment(by: number)
    }

    /// Adds to a meter; a negative number subtracts.
    package func move(_ label: MetricLabel, _ dimensions: @autoclosure () -> [Dimension] = [], by number: Double) {
        guard isEnabled else { return }
        let series = Series(label: label, dimensions: dimensions())
        let meter = handlers.withLock { handlers in
            Self.handler(series, in: &handlers.meters) { Meter(label: $0, dimensions: $1, factory: factory) }
        }
        if number < 0 { meter.decrement(by: -number) } else { meter.increment(by: number) }
    }

    /// Records how long something took.
    package func record(_ label: MetricLabel, _ dimensions: @autoclosure () -> [Dimension] = [], duration: Duration) {
        guard isEnabled else { return }
        let series = Series(label: label, dimensions: dimensions())
        let timer = handlers.withLock { handlers in
            Self.handler(series, in: &handlers.timers) { Metrics.Timer(label: $0, dimensions: $1, factory: factory) }
        }
        let (seconds, attoseconds) = duration.components
        timer.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// The handler of a series, made the first time.
    private static func handler<Handler>(
        _ series: Series,
        in handlers: inout [Series: Handler],
        _ make: (String, [(String, String)]) -> Handler
    ) -> Handler {
        if let handler = handlers[series] { return handler }
        let handler = make(series.label.rawValue, series.dimensions.map { ($0.name.rawValue, $0.value) })
        handlers[series] = handler
        return handler
    }
}

extension MessageKind {
    /// The kinds of this version.
    static let known: Set<MessageKind> = [
        .actionRequest, .pingRequest, .shutdownRequest, .cancelRequest, .actionResponse, .pingResponse,
        .shutdownResponse,
        .cancelResponse, .partResponse, .creditNotice, .cancelNotice, .pingNotice, .shutdownNotice,
    ]
}

extension ExchangeError.Code {
    private static let known: Set<ExchangeError.Code> = [
        .badEntityID, .mailboxTerminated, .mailboxInUse, .mailboxFull, .deadlineExceeded, .cancelled, .messageTooLarge,
        .forbidden, .unauthorised, .brokerBlocked, .limitReached, .unavailable, .connectionLost, .incompatibleProtocol,
        .remote, .unknownAction, .givenUp, .wouldDeadlock,
        .interrupted, .notAnAgent, .invalidMessage, .invalidConfiguration, .invalidPayload, .closed, .internal,
    ]

    /// The code when this version knows it, else `other`.
    package var bounded: String { Self.known.contains(self) ? rawValue : "other" }
}
