package import Metrics
internal import Synchronization

/// Creates metric handlers once and reports to them. Without a metrics backend every call returns at once.
package final class ExchangeMetrics: Sendable {
    /// A dimension and its value.
    package struct Dimension: Sendable, Hashable {
        let name: MetricDimension
        let value: String

        package static func exchange(_ value: String) -> Self { Self(name: .exchange, value: value) }
        package static func role(_ value: String) -> Self { Self(name: .role, value: value) }
        package static func reason(_ value: String) -> Self { Self(name: .reason, value: value) }
        package static func arrival(_ value: String) -> Self { Self(name: .arrival, value: value) }

        /// Reports an unknown kind as `foreign`: a kind of another protocol version may be any text.
        package static func kind(_ kind: MessageKind) -> Self {
            Self(name: .kind, value: MessageKind.known.contains(kind) ? kind.rawValue : "foreign")
        }

        /// Reports an unknown error code as `other`: another program may send any text.
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

    /// Whether a metrics backend is installed.
    package let isEnabled: Bool

    package init(factory: any MetricsFactory) {
        self.factory = factory
        isEnabled = !(factory is NOOPMetricsHandler)
    }

    private static let latest = Mutex<ExchangeMetrics?>(nil)

    /// The handlers of the current backend. Clients and sessions read it once, when they are made.
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

    /// Records a duration.
    package func record(_ label: MetricLabel, _ dimensions: @autoclosure () -> [Dimension] = [], duration: Duration) {
        guard isEnabled else { return }
        let series = Series(label: label, dimensions: dimensions())
        let timer = handlers.withLock { handlers in
            Self.handler(series, in: &handlers.timers) { Metrics.Timer(label: $0, dimensions: $1, factory: factory) }
        }
        let (seconds, attoseconds) = duration.components
        timer.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// Returns the handler of a series, created on first use.
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
    /// The kinds of this protocol version.
    static let known: Set<MessageKind> = [
        .actionRequest, .pingRequest, .shutdownRequest, .cancelRequest, .actionResponse, .pingResponse,
        .shutdownResponse, .activityRequest, .activityResponse, .activityNotice,
        .cancelResponse, .partResponse, .creditNotice, .cancelNotice, .pingNotice, .shutdownNotice, .event,
    ]
}

extension ExchangeError.Code {
    private static let known: Set<ExchangeError.Code> = [
        .badEntityID, .mailboxTerminated, .mailboxInUse, .mailboxFull, .deadlineExceeded, .cancelled, .messageTooLarge,
        .forbidden, .unauthorized, .brokerBlocked, .limitReached, .unavailable, .connectionLost, .incompatibleProtocol,
        .remote, .unknownAction, .givenUp, .wouldDeadlock,
        .interrupted, .notAnAgent, .invalidMessage, .invalidConfiguration, .invalidPayload, .closed, .internal,
        .invalidTopic, .subscriptionExists, .subscriptionMissing, .undeliverable, .unsupported, .unknownAgentType,
        .unknownAgent, .notAccessible, .typeInUse, .wrongAgentClass, .factoryFailed, .unhandled, .noSerializer,
        .dropped,
    ]

    /// The code if this version knows it, else `other`.
    package var bounded: String { Self.known.contains(self) ? rawValue : "other" }
}
