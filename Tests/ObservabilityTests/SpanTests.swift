#if Tracing
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import InMemoryTracing
    import InProcessExchange
    import Metrics
    import MetricsTestKit
    import Testing
    import Tracing

    @Suite("What is traced")
    struct SpanTests {
        @Test("A call is a span of the caller with OpenTelemetry's names; the handler's nests in it")
        func call() async throws {
            let tracer = InMemoryTracer()
            let pair = try await withTracer(tracer) {
                let pair = try await Pair(InProcessExchange())
                try await withSpan("outer") { _ in
                    _ = try await pair.handle.action("echo", ActionArguments(Echo.secret))
                }
                return pair
            }
            let outer = try tracer.span("outer")
            let call = try tracer.span("call echo")
            let process = try tracer.span("process echo")
            #expect(call.kind == .client)
            #expect(process.kind == .server)
            #expect(call.parentSpanID == outer.spanID)
            #expect(process.parentSpanID == call.spanID)
            #expect(Set([outer, call, process].map(\.traceID)).count == 1)

            let agent = "agent.\(pair.agent.id.uuid.uuidString.lowercased())"
            for span in [call, process] {
                #expect(span.text(.system) == "warren")
                #expect(span.text(.destination) == agent)
                #expect(span.text(.client) == "user.\(pair.user.id.uuid.uuidString.lowercased())")
                #expect(span.text(.kind) == "action-request")
                #expect(span.text(.action) == "echo")
                #expect(span.text(.errorType) == nil)
                #expect(span.status == nil)
            }
            #expect(call.text(.operationType) == "send")
            #expect(process.text(.operationType) == "process")
            #expect(call.events.map(\.name) == ["accepted"])
            #expect(call.text(.conversation) != nil)
            #expect(call.text(.conversation) == process.text(.conversation))
            await pair.close()
            expectNoSecret(tracer)
        }

        @Test("What a handler asks of another agent nests in the handler's span")
        func nested() async throws {
            let tracer = InMemoryTracer()
            try await withTracer(tracer) {
                let exchange = InProcessExchange()
                let (front, back) = (try await Pair(exchange), try await Pair(exchange))
                _ = try await front.handle.action("relay", ActionArguments(back.agent.id.uuid.uuidString))
                await front.close()
                await back.close()
            }
            let path = ["call relay", "process relay", "call echo", "process echo"]
            let spans = try path.map { try tracer.span($0) }
            for (parent, child) in zip(spans, spans.dropFirst()) { #expect(child.parentSpanID == parent.spanID) }
            #expect(Set(spans.map(\.traceID)).count == 1)
            expectNoSecret(tracer)
        }

        @Test("A failed action marks both spans with the type of its error, not with its text")
        func failure() async throws {
            let tracer = InMemoryTracer()
            try await withTracer(tracer) {
                let pair = try await Pair(InProcessExchange())
                _ = try? await pair.handle.action("fail", ActionArguments(Echo.secret))
                _ = try? await pair.user.handle(to: AgentID()).ping()
                await pair.close()
            }
            for name in ["call fail", "process fail"] {
                let span = try tracer.span(name)
                #expect(span.text(.errorType)?.hasSuffix("Echo.Refused") == true)
                #expect(span.status?.code == .error)
            }
            #expect(try tracer.span("call ping").text(.errorType) == "bad-entity-id")
            expectNoSecret(tracer)
        }

        @Test("A stream is one span until it ends, also when nobody pulls to its end")
        func stream() async throws {
            let tracer = InMemoryTracer()
            try await withTracer(tracer) {
                let pair = try await Pair(InProcessExchange())
                for try await _ in pair.handle.stream("stream") {}
                for try await _ in pair.handle.stream("stream") { break }
                try await eventually("both streams to end") {
                    tracer.finishedSpans.filter { $0.operationName == "stream stream" }.count == 2
                }
                await pair.close()
            }
            let streams = tracer.finishedSpans.filter { $0.operationName == "stream stream" }
            #expect(streams.map { $0.text(.errorType) } == [nil, "cancelled"])
            #expect(try tracer.span("process stream").parentSpanID == streams[0].spanID)
        }

        @Test("A question to many is one span until all have answered, or until it is known that not all will")
        func askAll() async throws {
            let tracer = InMemoryTracer()
            let metrics = TestMetrics()
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            try await withTracer(tracer) {
                try await withMetricsFactory(metrics) {
                    let pair = try await Pair(InProcessExchange()) { request, _ in
                        for await _ in gate { break }
                        return try request.response(encoding: 1)
                    }
                    func inFlight(_ count: Double) -> Bool {
                        metrics.meters.contains {
                            $0.label == MetricLabel.requestsInFlight.rawValue && $0.lastValue == count
                        }
                    }
                    let all = try await pair.user.askAll("echo", ofType: AgentType("Echo"))
                    #expect(tracer.finishedSpans.allSatisfy { $0.operationName != "broadcast echo" })
                    #expect(inFlight(1))
                    open.yield()
                    for await answer in all { #expect((try? answer.result.get()) != nil) }
                    try await eventually("the first to end") { inFlight(0) }
                    let late = try await pair.user.askAll(
                        "echo",
                        ofType: AgentType("Echo"),
                        deadline: .milliseconds(50)
                    )
                    for await answer in late { #expect((try? answer.result.get()) == nil) }
                    _ = try await pair.user.askAll("echo", ofType: AgentType("Echo"))
                    try await eventually("that nobody awaits to end") { inFlight(0) }
                    open.finish()
                    await pair.close()
                }
            }
            let spans = tracer.finishedSpans.filter { $0.operationName == "broadcast echo" }
            #expect(spans.map { $0.text(.errorType) } == [nil, "deadline-exceeded", "cancelled"])
            #expect(try tracer.span("process echo").parentSpanID == spans[0].spanID)
        }

        @Test("A request that is sent without waiting carries the context, and keeps what it carried")
        func send() async throws {
            let tracer = InMemoryTracer()
            try await withTracer(tracer) {
                let exchange = InProcessExchange()
                let user = try await exchange.makeUserClient(startListener: false)
                let registration = try await user.registerAgent(AgentType("Echo"))
                let agent = try await exchange.makeAgentClient(registration) { request, _ in
                    try request.response(encoding: request.context["mine"])
                }
                try await user.send(
                    .request(try Request(from: user.id, to: agent.id, context: ["mine": "kept"], .ping))
                )
                guard case .response(let response) = try await user.transport.receive(timeout: .seconds(10)),
                    case .success(let payload?) = response.outcome
                else {
                    Issue.record("no result")
                    return
                }
                #expect(try payload.decode(String.self) == "kept")
                await agent.close()
                await user.close()
            }
            #expect(try tracer.span("process ping").parentSpanID == tracer.span("send ping").spanID)
        }
    }

    func expectNoSecret(_ tracer: InMemoryTracer) {
        for span in tracer.finishedSpans {
            #expect(!span.operationName.contains(Echo.secret))
            #expect(span.errors.isEmpty)
            #expect(span.status?.message == nil)
            #expect(!"\(span.attributes)".contains(Echo.secret))
        }
    }

    extension InMemoryTracer {
        /// The first finished span with this name.
        func span(_ name: String) throws -> FinishedInMemorySpan {
            try #require(finishedSpans.first { $0.operationName == name }, "\(name)")
        }
    }

    extension FinishedInMemorySpan {
        /// An attribute as text.
        func text(_ key: SpanKey) -> String? {
            switch attributes.get(key.rawValue)?.toSpanAttribute() {
            case .string(let text)?: text
            case let other?: "\(other)"
            case nil: nil
            }
        }
    }
#endif
