#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import HybridExchange
    import Logging
    import Metrics
    import MetricsTestKit
    import Testing

    #if Tracing
        import InMemoryTracing
        import Tracing
    #endif

    @Suite(
        "The way of a message is told",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridTelemetryTests {
        @Test("Meters have the direct lanes and the unanswered messages, and end at 0")
        func meters() async throws {
            let metrics = TestMetrics()
            try await withMetricsFactory(metrics) {
                let scene = try await HybridScene()
                let gate = Gate()
                let agent = try await scene.agent { request, _ in
                    guard case .action(let name, _) = request.body else { return request.response() }
                    if name == "wait" { await gate.pass() }
                    return try request.response(encoding: 0)
                }
                let user = try await scene.user()
                let handle = user.handle(to: agent.registration.agentID)
                try await scene.rise(handle)
                let calls = (1...5).map { _ in Task { try await handle.action("wait", returning: Int.self) } }
                try await gate.waitForVisitor(5)
                try await eventually("the meters") {
                    let lanes = metrics.last(.directLanes) ?? 0
                    let unanswered = metrics.last(.directUnanswered) ?? 0
                    return lanes >= 2 && unanswered >= 5 ? true : nil
                }
                gate.open()
                for call in calls { _ = try await call.value }
                await user.close()
                await agent.close()
                try await eventually("the end of all lanes") {
                    metrics.last(.directLanes) == 0 && metrics.last(.directUnanswered) == 0 ? true : nil
                }
            }
        }

        #if Tracing
            @Test("Spans have the way of the answer at the caller, and that of the request at the agent")
            func spans() async throws {
                let tracer = InMemoryTracer()
                try await withTracer(tracer) {
                    let scene = try await HybridScene()
                    let agent = try await scene.agent()
                    let user = try await scene.user()
                    let handle = user.handle(to: agent.registration.agentID)
                    _ = try await handle.action("first", ActionArguments(1), returning: Int.self)
                    try await scene.rise(handle)
                    try await eventually("a call that goes directly both ways") {
                        _ = try await handle.action("later", ActionArguments(1), returning: Int.self)
                        return tracer.ways("call later").contains("direct")
                            && tracer.ways("process later").contains("direct") ? true : nil
                    }
                    await user.close()
                    await agent.close()
                }
                #expect(tracer.ways("call first") == ["broker"])
                #expect(tracer.ways("process first") == ["broker"])
            }
        #endif

        @Test("Log lines about a message have its way")
        func logs() async throws {
            let scene = try await HybridScene()
            let agent = try await scene.agent { request, _ in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                if name == "late" { try await Task.sleep(for: .milliseconds(400)) }
                let number: Int = try arguments.decode(Int.self)
                return try request.response(encoding: number)
            }
            let user = try await scene.user()
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            let call = Task {
                try await handle.action("late", ActionArguments(1), returning: Int.self, deadline: .milliseconds(150))
            }
            guard case .failure = await call.result else {
                Issue.record("the call did not end at its deadline")
                return
            }
            try await eventually("the late answer") {
                scene.log.entries.contains {
                    $0.message == "a late answer was dropped" && $0.metadata["way"] == "direct"
                }
                    ? true : nil
            }
            await user.close()
            await agent.close()
        }
    }

    extension TestMetrics {
        /// The value of a meter without dimensions; `nil` before its first.
        fileprivate func last(_ label: MetricLabel) -> Double? {
            meters.first { $0.label == label.rawValue }?.lastValue
        }
    }

    #if Tracing
        extension InMemoryTracer {
            /// The ways in the spans of a name.
            fileprivate func ways(_ name: String) -> [String] {
                finishedSpans.filter { $0.operationName == name }.map { span in
                    guard case .string(let way)? = span.attributes.get(SpanKey.way.rawValue) else { return "none" }
                    return way
                }
            }
        }
    #endif
#endif
