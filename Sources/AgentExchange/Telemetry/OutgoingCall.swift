internal import Foundation

/// A request from its call to its end: counted, timed, and a span where there is a tracer.
final class OutgoingCall: Sendable {
    /// What the caller does.
    enum Operation: String, Sendable {
        /// Waits for the one answer.
        case call
        /// Pulls the parts of a streamed result.
        case stream
        /// Asks all agents of a type.
        case broadcast
        /// Waits for nothing.
        case send
    }

    /// Who is asked.
    enum Destination: Sendable {
        case mailbox(EntityID)
        case agents(typeName: String)

        var name: String {
            switch self {
            case .mailbox(let id): id.destinationName
            case .agents(let typeName): "agents.\(typeName)"
            }
        }
    }

    /// What travels with the request so that the receiver's span nests in this one.
    let context: [String: String]

    private let telemetry: Telemetry
    private let kind: MessageKind
    private let start = ContinuousClock.now
    #if Tracing
        private let span: CallSpan?
    #endif

    /// The request is about to be sent.
    ///
    /// - Parameter context: What travels with the request besides.
    @inline(never)
    init(
        _ operation: Operation,
        _ body: Request.Body,
        from source: EntityID,
        to destination: Destination,
        tag: UUID,
        context: [String: String] = [:],
        _ telemetry: Telemetry
    ) {
        self.telemetry = telemetry
        kind = body.kind
        #if Tracing
            span = CallSpan.begin(operation, body, telemetry)
            span?.describe(destination, source, tag)
            self.context = span?.injected(into: context) ?? context
        #else
            self.context = context
        #endif
        telemetry.metrics.move(.requestsInFlight, [telemetry.exchange], by: 1)
    }

    /// The exchange has taken responsibility for it.
    ///
    /// - Parameter recipients: How many agents a broadcast went to.
    func accepted(recipients: Int? = nil) {
        #if Tracing
            span?.accepted(recipients)
        #endif
    }

    /// It ended: with this error, or well. Called once.
    @inline(never)
    func end(_ code: ExchangeError.Code?, failure: Failure? = nil) {
        let metrics = telemetry.metrics
        metrics.move(.requestsInFlight, [telemetry.exchange], by: -1)
        metrics.count(.requestsSent, [telemetry.exchange, .kind(kind), .outcome(code)])
        metrics.record(.requestDuration, [telemetry.exchange, .kind(kind)], duration: start.duration(to: .now))
        #if Tracing
            span?.end(code, failure)
        #endif
    }

    /// It ended by an error.
    func end(_ error: ExchangeError) {
        end(error.code, failure: error.failure)
    }

    /// It was answered.
    func end(_ outcome: Response.Outcome) {
        if case .failure(let failure) = outcome { end(failure.code, failure: failure) } else { end(nil) }
    }
}
