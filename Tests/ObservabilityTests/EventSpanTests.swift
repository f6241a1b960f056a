#if Tracing
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import InMemoryTracing
    import InProcessExchange
    import RabbitMQExchange
    import Testing
    import Tracing
    import WorkerRuntime

    @Suite("Traces of events")
    struct EventSpanTests {
        private struct Note: Codable, Sendable {
            var text: String
        }

        private struct Refused: Error {}

        /// Publishes an event within a span, whose handler publishes another one.
        private func publish(on exchange: any ExchangeFactory, _ tracer: InMemoryTracer) async throws {
            try await withTracer(tracer) {
                let workers = try await WorkerRuntime(on: exchange)
                workers.serializers.register(Note.self)
                try await workers.registerClosure("first", subscriptions: [.type("one")]) { _, context in
                    try await context.publish(Note(text: Echo.secret), to: Topic("two", source: "s"))
                }
                try await workers.registerClosure("second", subscriptions: [.type("two")]) { _, _ in throw Refused() }
                try await workers.start()
                try await withSpan("outer") { _ in
                    _ = try await workers.publish(Note(text: Echo.secret), to: Topic("one", source: "s"))
                }
                try await eventually("the last handler to end") {
                    tracer.finishedSpans.count { $0.operationName == "process Note" } == 2
                }
                await workers.stop()
            }
        }

        private func check(_ tracer: InMemoryTracer, system: String) throws {
            let outer = try tracer.span("outer")
            let published = tracer.finishedSpans.filter { $0.operationName == "publish Note" }
            let processed = tracer.finishedSpans.filter { $0.operationName == "process Note" }
            try #require(published.count == 2 && processed.count == 2)
            let first = try #require(published.first { $0.parentSpanID == outer.spanID })
            let handled = try #require(processed.first { $0.parentSpanID == first.spanID })
            let second = try #require(published.first { $0.parentSpanID == handled.spanID })
            let refused = try #require(processed.first { $0.parentSpanID == second.spanID })
            #expect(Set([outer, first, handled, second, refused].map(\.traceID)).count == 1)
            #expect(first.kind == .producer && handled.kind == .consumer)
            #expect(first.text(.destination) == "topic.one" && second.text(.destination) == "topic.two")
            #expect(first.text(.operation) == "publish" && first.text(.operationType) == "send")
            #expect(handled.text(.operation) == "process" && handled.text(.destination)?.hasPrefix("agent.") == true)
            #expect(first.text(.conversation) != nil && first.text(.conversation) == handled.text(.conversation))
            for span in [first, handled] {
                #expect(span.text(.system) == system && span.text(.kind) == "event" && span.text(.action) == "Note")
                #expect(span.status == nil)
            }
            #expect(refused.status?.code == .error && refused.text(.errorType)?.hasSuffix("Refused") == true)
            expectNoSecret(tracer)
        }

        @Test("A handler's span nests in that of the publisher, and so do the events that it publishes")
        func inProcess() async throws {
            let tracer = InMemoryTracer()
            try await publish(on: InProcessExchange(), tracer)
            try check(tracer, system: "warren")
        }

        @Test(
            "So it is over a broker",
            .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
        )
        func broker() async throws {
            let tracer = InMemoryTracer()
            let broker = try await PrivateBroker.shared()
            let exchange = try RabbitMQExchange(
                url: broker.amqpURL,
                namespace: "test-" + UUID().uuidString.prefix(8).lowercased()
            )
            try await publish(on: exchange, tracer)
            try check(tracer, system: "rabbitmq")
        }
    }
#endif
