#if Tracing
    internal import Tracing
#endif

/// Telemetry of a request that a handler serves: counts and times it, and traces the handler if there is a tracer.
struct ServedRequest: Sendable {
    let request: Request
    let telemetry: Telemetry

    /// Runs the handler in the span of the request, which is a child of its caller's span.
    func run(_ handler: @Sendable () async -> ServiceEnd) async -> ServiceEnd {
        let start = began()
        #if Tracing
            let isTraced = telemetry.tracer != nil || InstrumentationSystem.isActive
            let end = isTraced ? await traced(handler) : await handler()
        #else
            let end = await handler()
        #endif
        ended(start, end.response)
        return end
    }

    #if Tracing
        /// Runs the handler with the client's tracer, in a span if there is one. Not inlined: the frame of its caller is
        /// allocated for each request.
        @inline(never)
        private func traced(_ handler: @Sendable () async -> ServiceEnd) async -> ServiceEnd {
            if let tracer = telemetry.tracer {
                await withTracer(tracer) { await inSpan(handler) }
            } else {
                await inSpan(handler)
            }
        }

        private func inSpan(_ handler: @Sendable () async -> ServiceEnd) async -> ServiceEnd {
            guard let span = ServiceSpan.begin(request, telemetry) else { return await handler() }
            return await span.run(handler)
        }
    #endif

    @inline(never)
    private func began() -> ContinuousClock.Instant {
        telemetry.metrics.move(.requestsRunning, [telemetry.exchange], by: 1)
        return .now
    }

    @inline(never)
    private func ended(_ start: ContinuousClock.Instant, _ response: Response?) {
        let (metrics, exchange) = (telemetry.metrics, telemetry.exchange)
        metrics.move(.requestsRunning, [exchange], by: -1)
        // A request that is given back will be served again.
        guard let response else { return }
        metrics.record(.serviceDuration, [exchange, .kind(request.kind)], duration: start.duration(to: .now))
        metrics.count(.requestsServed, [exchange, .kind(request.kind), .outcome(response.errorCode)])
    }
}

extension Response {
    /// The code of the error that the response carries, if any.
    var errorCode: ExchangeError.Code? {
        if case .failure(let failure) = outcome { failure.code } else { nil }
    }
}
