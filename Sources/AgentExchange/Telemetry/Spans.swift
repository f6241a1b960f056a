#if Tracing
    internal import Foundation
    internal import Tracing

    /// The span of a request at its caller.
    final class CallSpan: Sendable {
        private let span: any Span

        /// Begins a child of the current span; returns `nil` if no tracer is installed.
        static func begin(
            _ operation: OutgoingCall.Operation,
            _ body: Request.Body,
            _ telemetry: Telemetry
        ) -> CallSpan? {
            InstrumentationSystem.isActive ? CallSpan(operation, body, telemetry) : nil
        }

        private init(_ operation: OutgoingCall.Operation, _ body: Request.Body, _ telemetry: Telemetry) {
            span = startSpan("\(operation.rawValue) \(body.spanName)", ofKind: .client)
            guard span.isRecording else { return }
            span.updateAttributes { attributes in
                attributes.set(body, telemetry)
                attributes[SpanKey.operation.rawValue] = operation.rawValue
                attributes[SpanKey.operationType.rawValue] = "send"
            }
        }

        func describe(_ destination: OutgoingCall.Destination, _ source: EntityID, _ tag: UUID) {
            guard span.isRecording else { return }
            span.updateAttributes { attributes in
                attributes[SpanKey.destination.rawValue] = destination.name
                attributes[SpanKey.client.rawValue] = source.destinationName
                attributes[SpanKey.conversation.rawValue] = tag.lowercased
            }
        }

        /// Returns the context of the request with the tracer's entries added.
        func injected(into context: [String: String]) -> [String: String] {
            var carrier: [String: String] = [:]
            InstrumentationSystem.instrument.inject(span.context, into: &carrier, using: RequestContextInjector())
            return carrier.isEmpty ? context : Request.fitting(carrier, into: context)
        }

        func accepted(_ recipients: Int?) {
            guard span.isRecording else { return }
            if let recipients {
                span.updateAttributes { $0[SpanKey.recipients.rawValue] = recipients }
            }
            span.addEvent(SpanEvent(name: "accepted"))
        }

        func answered(by way: MessageWay) {
            guard span.isRecording else { return }
            span.updateAttributes { $0[SpanKey.way.rawValue] = way.rawValue }
        }

        func end(_ code: ExchangeError.Code?, _ failure: Failure?) {
            span.fail(code, failure)
            span.end()
        }
    }

    /// The span of a request at its agent, around the handler.
    final class ServiceSpan: Sendable {
        private let span: any Span

        /// Begins a child of the span that the request carries; returns `nil` if no tracer is installed.
        static func begin(_ request: Request, _ telemetry: Telemetry) -> ServiceSpan? {
            InstrumentationSystem.isActive ? ServiceSpan(request, telemetry) : nil
        }

        private init(_ request: Request, _ telemetry: Telemetry) {
            var context = ServiceContext.topLevel
            InstrumentationSystem.instrument.extract(request.context, into: &context, using: RequestContextExtractor())
            span = startSpan("process \(request.body.spanName)", context: context, ofKind: .server)
            guard span.isRecording else { return }
            span.updateAttributes { attributes in
                attributes.set(request.body, telemetry)
                attributes[SpanKey.operation.rawValue] = "process"
                attributes[SpanKey.operationType.rawValue] = "process"
                attributes[SpanKey.destination.rawValue] = request.destination.destinationName
                attributes[SpanKey.client.rawValue] = request.source.destinationName
                attributes[SpanKey.conversation.rawValue] = request.tag.lowercased
                attributes[SpanKey.attempt.rawValue] = request.attempt
                if let way = request.way { attributes[SpanKey.way.rawValue] = way.rawValue }
            }
        }

        func run(_ handler: @Sendable () async -> ServiceEnd) async -> ServiceEnd {
            let end = await ServiceContext.withValue(span.context) { await handler() }
            if case .failure(let failure) = end.response?.outcome { span.fail(failure.code, failure) }
            span.end()
            return end
        }
    }

    extension InstrumentationSystem {
        /// Whether a tracer is installed.
        static var isActive: Bool {
            let instrument = instrument
            return !(instrument is NoOpInstrument) && !(instrument is NoOpTracer)
        }
    }

    extension Span {
        /// Records no error text: it may contain an action's arguments.
        fileprivate func fail(_ code: ExchangeError.Code?, _ failure: Failure?) {
            guard isRecording, let code else { return }
            attributes[SpanKey.errorType.rawValue] = (code == .remote ? failure?.type : nil) ?? code.rawValue
            setStatus(SpanStatus(code: .error))
        }
    }

    extension SpanAttributes {
        fileprivate mutating func set(_ body: Request.Body, _ telemetry: Telemetry) {
            self[SpanKey.system.rawValue] = telemetry.exchangeKind == "rabbitmq" ? "rabbitmq" : "warren"
            self[SpanKey.kind.rawValue] = body.kind.rawValue
            if case .action(let name, _) = body { self[SpanKey.action.rawValue] = name }
        }
    }

    extension Request.Body {
        /// The name of the span after its operation.
        fileprivate var spanName: String {
            switch self {
            case .action(let name, _): name
            case .ping: "ping"
            case .activity: "activity"
            case .shutdown: "shutdown"
            case .cancel: "cancel"
            case .foreign: "foreign"
            }
        }
    }

    /// Writes the context of a trace into the context of a request.
    private struct RequestContextInjector: Injector {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
            carrier[key] = value
        }
    }

    /// Reads the context of a trace from the context of a request.
    private struct RequestContextExtractor: Extractor {
        func extract(key: String, from carrier: [String: String]) -> String? {
            carrier[key]
        }
    }
#endif
