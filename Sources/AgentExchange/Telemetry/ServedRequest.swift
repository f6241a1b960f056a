/// A request that a handler serves: counted, timed, and a span around the handler where there is a tracer.
struct ServedRequest: Sendable {
    let request: Request
    let telemetry: Telemetry

    /// Runs the handler. What it does nests in the span of the request, and that in the span of its caller.
    func run(_ handler: @Sendable () async -> Response?) async -> Response? {
        let (metrics, exchange) = (telemetry.metrics, telemetry.exchange)
        let start = ContinuousClock.now
        metrics.move(.requestsRunning, [exchange], by: 1)
        #if Tracing
            let response = await telemetry.traced { await ServiceSpan(request, telemetry).run(handler) }
        #else
            let response = await telemetry.traced { await handler() }
        #endif
        metrics.move(.requestsRunning, [exchange], by: -1)
        // One that is given back will be served again.
        guard let response else { return nil }
        metrics.record(.serviceDuration, [exchange, .kind(request.kind)], duration: start.duration(to: .now))
        metrics.count(.requestsServed, [exchange, .kind(request.kind), .outcome(response.errorCode)])
        return response
    }
}

extension Response {
    /// The code of the error that the response carries, if it is one.
    var errorCode: ExchangeError.Code? {
        if case .failure(let failure) = outcome { failure.code } else { nil }
    }
}
