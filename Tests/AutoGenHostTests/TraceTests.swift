#if AutoGen && Tracing
    import AgentExchange
    import AutoGenProtocol
    import ExchangeTestKit
    import InMemoryTracing
    import InProcessExchange
    import SwiftProtobuf
    import Testing
    import Tracing
    import WorkerRuntime

    @Suite("Traces between Swift and clients", .serialized)
    struct TraceTests {
        private struct Note: Codable, Sendable {
            var text: String
        }

        @Test("An event from Swift has its traceparent among the attributes, and one of a client continues in Swift")
        func events() async throws {
            let tracer = TraceparentTracer()
            try await withScene { scene in
                let (client, stream) = try await scene.worker("python")
                try await client.subscribe("python", "from-swift")
                try await withTracer(tracer) {
                    let workers = try await WorkerRuntime(on: scene.exchange)
                    workers.serializers.register(Note.self)
                    try await workers.registerClosure("swift", subscriptions: [.type("from-python")]) { _, _ in }
                    try await workers.start()
                    try await withSpan("outer") { _ in
                        _ = try await workers.publish(Note(text: "x"), to: Topic("from-swift", source: "s"))
                    }
                    let attributes = try await stream.event().attributes
                    let published = try #require(tracer.finished("publish Note"))
                    #expect(attributes["traceparent"]?.ceString == TraceparentTracer.text(published.spanContext))
                    #expect(published.spanContext.traceID == tracer.finished("outer")?.spanContext.traceID)

                    try stream.send(
                        .with {
                            $0.cloudEvent = .of("from-python", source: "s", "\"y\"")
                            $0.cloudEvent.attributes["traceparent"] = .with { $0.ceString = "00-aa-bb-01" }
                        }
                    )
                    let processed = try await eventually("the handler to end") { tracer.finished("process Text") }
                    #expect(processed.spanContext.traceID == "aa" && processed.spanContext.parentSpanID == "bb")
                    await workers.stop()
                }
            }
        }
    }

    /// A tracer in memory whose context travels as `traceparent`.
    private struct TraceparentTracer: Tracer {
        private let memory = InMemoryTracer(
            idGenerator: {
                let next = InMemoryTracer.IDGenerator.incrementing
                return .init(
                    nextTraceID: { next.nextTraceID().replacing("-", with: "") },
                    nextSpanID: { next.nextSpanID().replacing("-", with: "") }
                )
            }()
        )

        static func text(_ span: InMemorySpanContext) -> String { "00-\(span.traceID)-\(span.spanID)-01" }

        func finished(_ name: String) -> FinishedInMemorySpan? {
            memory.finishedSpans.first { $0.operationName == name }
        }

        func startSpan<Instant: TracerInstant>(
            _ operationName: String,
            context: @autoclosure () -> ServiceContext,
            ofKind kind: SpanKind,
            at instant: @autoclosure () -> Instant,
            function: String,
            file fileID: String,
            line: UInt
        ) -> InMemorySpan {
            memory.startSpan(
                operationName,
                context: context(),
                ofKind: kind,
                at: instant(),
                function: function,
                file: fileID,
                line: line
            )
        }

        func forceFlush() {}

        func inject<Carrier, Inject: Injector>(
            _ context: ServiceContext,
            into carrier: inout Carrier,
            using injector: Inject
        ) where Inject.Carrier == Carrier {
            guard let span = context.inMemorySpanContext else { return }
            injector.inject(Self.text(span), forKey: "traceparent", into: &carrier)
        }

        func extract<Carrier, Extract: Extractor>(
            _ carrier: Carrier,
            into context: inout ServiceContext,
            using extractor: Extract
        ) where Extract.Carrier == Carrier {
            let parts =
                extractor.extract(key: "traceparent", from: carrier)?.split(separator: "-").map(String.init) ?? []
            guard parts.count == 4 else { return }
            context.inMemorySpanContext = InMemorySpanContext(traceID: parts[1], spanID: parts[2], parentSpanID: nil)
        }
    }
#endif
