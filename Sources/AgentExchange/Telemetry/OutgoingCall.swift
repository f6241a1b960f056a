internal import Foundation

/// Telemetry of a request from its call to its end: counts and times it, and traces it if there is a tracer.
struct OutgoingCall: Sendable {
    /// The operation of the caller.
    enum Operation: String, Sendable {
        /// Waits for the only answer.
        case call
        /// Pulls the parts of a streamed result.
        case stream
        /// Asks every agent of a type.
        case broadcast
        /// Sends without waiting for an answer.
        case send
    }

    /// The destination of the request.
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

    /// The context to send with the request. It makes the receiver's span a child of this one.
    let context: [String: String]

    private let telemetry: Telemetry
    private let kind: MessageKind
    private let start = ContinuousClock.now
    #if Tracing
        private let span: CallSpan?
    #endif

    /// Starts the telemetry of a request before it is sent.
    ///
    /// - Parameter context: The request's own context.
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

    /// Records that the exchange has taken responsibility for the request.
    ///
    /// - Parameter recipients: The number of agents that a broadcast addressed.
    func accepted(recipients: Int? = nil) {
        #if Tracing
            span?.accepted(recipients)
        #endif
    }

    /// Records the way of the answer, on an exchange with more than one.
    func answered(by way: MessageWay?) {
        #if Tracing
            if let way { span?.answered(by: way) }
        #endif
    }

    /// Records the end of the request, with an error code if it failed. Called once.
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

    /// Records that the request ended with an error.
    func end(_ error: ExchangeError) {
        end(error.code, failure: error.failure)
    }

    /// Records the answer.
    func end(_ outcome: Response.Outcome) {
        if case .failure(let failure) = outcome { end(failure.code, failure: failure) } else { end(nil) }
    }
}
