internal import AgentExchange
internal import Foundation

#if Tracing
    internal import Tracing
#endif

/// Traces events: a span of the publisher, whose context travels with the event, and one around the handlers of each agent type.
struct EventTracer: Sendable {
    #if Tracing
        /// The tracer that was active where the runtime was made. Handlers run in tasks that do not inherit it.
        private let tracer: (any Tracer)?
    #endif

    init() {
        #if Tracing
            let active = InstrumentationSystem.tracer
            tracer = active is NoOpTracer ? nil : active
        #endif
    }

    /// Publishes an event in a span.
    ///
    /// - Parameter body: Publishes the event with a context, which has the entries of the tracer.
    func publish(
        _ dataType: String,
        to topic: Topic,
        _ exchangeKind: String,
        _ body: ([String: String]) async throws(ExchangeError) -> PublishedMessage
    ) async throws(ExchangeError) -> PublishedMessage {
        #if Tracing
            guard let instrument = Self.activeInstrument else { return try await body([:]) }
            let span = startSpan("publish \(dataType)", ofKind: .producer)
            defer { span.end() }
            span.describe(dataType, exchangeKind, "topic.\(topic.type)", operation: "publish", type: "send")
            var carrier: [String: String] = [:]
            instrument.inject(span.context, into: &carrier, using: ContextInjector())
            do throws(ExchangeError) {
                let publication = try await body(Request.fitting(carrier, into: [:]))
                if let id = publication.id {
                    span.attributes[SpanKey.conversation.rawValue] = id.uuidString.lowercased()
                }
                return publication
            } catch {
                span.fail(error)
                throw error
            }
        #else
            return try await body([:])
        #endif
    }

    /// Handles an event in a span, which is a child of its publisher's span.
    ///
    /// - Parameters:
    ///   - slot: The mailbox that received the event.
    ///   - body: Handles the event.
    ///   - failure: Returns the error of a handler, if there is one.
    func handle<Value: Sendable>(
        _ delivery: EventDelivery,
        _ slot: AgentID,
        _ exchangeKind: String,
        _ body: @Sendable () async -> Value,
        failure: @Sendable (Value) -> (any Error)?
    ) async -> Value {
        #if Tracing
            guard let tracer else { return await inSpan(delivery, slot, exchangeKind, body, failure) }
            return await withTracer(tracer) { await inSpan(delivery, slot, exchangeKind, body, failure) }
        #else
            return await body()
        #endif
    }

    #if Tracing
        /// The instrument of the program; `nil` when none is installed.
        private static var activeInstrument: (any Instrument)? {
            let instrument = InstrumentationSystem.instrument
            return instrument is NoOpInstrument || instrument is NoOpTracer ? nil : instrument
        }

        private func inSpan<Value: Sendable>(
            _ delivery: EventDelivery,
            _ slot: AgentID,
            _ exchangeKind: String,
            _ body: @Sendable () async -> Value,
            _ failure: @Sendable (Value) -> (any Error)?
        ) async -> Value {
            guard let instrument = Self.activeInstrument else { return await body() }
            let event = delivery.event
            var context = ServiceContext.topLevel
            instrument.extract(event.context, into: &context, using: ContextExtractor())
            let span = startSpan("process \(event.dataType)", context: context, ofKind: .consumer)
            defer { span.end() }
            let destination = "agent.\(slot.uuid.uuidString.lowercased())"
            span.describe(event.dataType, exchangeKind, destination, operation: "process", type: "process")
            span.attributes[SpanKey.conversation.rawValue] = event.publicationID.uuidString.lowercased()
            span.attributes[SpanKey.attempt.rawValue] = delivery.attempt
            let value = await ServiceContext.withValue(span.context) { await body() }
            if let error = failure(value) { span.fail(error) }
            return value
        }
    #endif
}

#if Tracing
    extension Span {
        fileprivate func describe(
            _ dataType: String,
            _ exchangeKind: String,
            _ destination: String,
            operation: String,
            type: String
        ) {
            guard isRecording else { return }
            updateAttributes { attributes in
                attributes[SpanKey.system.rawValue] = exchangeKind == "rabbitmq" ? "rabbitmq" : "warren"
                attributes[SpanKey.kind.rawValue] = "event"
                attributes[SpanKey.action.rawValue] = dataType
                attributes[SpanKey.operation.rawValue] = operation
                attributes[SpanKey.operationType.rawValue] = type
                attributes[SpanKey.destination.rawValue] = destination
            }
        }

        /// Records no error text: it may contain a message.
        fileprivate func fail(_ error: any Error) {
            guard isRecording else { return }
            let code = (error as? ExchangeError)?.code.rawValue
            attributes[SpanKey.errorType.rawValue] = code ?? String(reflecting: Swift.type(of: error))
            setStatus(SpanStatus(code: .error))
        }
    }

    /// Writes the context of a trace into the context of an event.
    private struct ContextInjector: Injector {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    /// Reads the context of a trace from the context of an event.
    private struct ContextExtractor: Extractor {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    }
#endif
