#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import Logging
    import Metrics
    import MetricsTestKit
    import RabbitMQExchange
    import Testing

    @testable import HybridExchange

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

        @Test("Counters have the messages, fallbacks and refusals by reason, failed handshakes and lapsed leases")
        func counters() async throws {
            let metrics = TestMetrics()
            try await withMetricsFactory(metrics) {
                let (scene, proxy) = try await HybridScene.proxied { $0.prefetch = 4 }
                let gate = Gate()
                let agent = try await scene.agent { request, _ in
                    guard case .action(let name, _) = request.body else { return request.response() }
                    if name == "wait" { await gate.pass() }
                    return try request.response(encoding: 0)
                }
                let user = try await scene.user()
                let handle = user.handle(to: agent.registration.agentID)
                try await scene.rise(handle)
                #expect(metrics.last(.directConnections) == 2)
                let before = metrics.total(.directMessages)
                _ = try await handle.action("echo", returning: Int.self)
                #expect(metrics.total(.directMessages) == before + 2)
                // Too large for the window.
                let large = Payload(contentType: "application/octet-stream", bytes: Data(count: 5 << 20))
                let argument = ActionArguments(payload: large)
                _ = try await handle.action("echo", argument, returning: Int.self)
                #expect(metrics.total(.directFallbacks, "size") == 1)
                try await scene.rise(handle)
                // The agent takes four at a time.
                let calls = (1...12).map { _ in Task { try await handle.action("wait", returning: Int.self) } }
                try await gate.waitForVisitor(4)
                try await eventually("refusals") {
                    metrics.total(.directRefusals, "busy") > 0 && metrics.total(.directFallbacks, "busy") > 0
                        ? true : nil
                }
                try await proxy.resetConnections()
                try await eventually("the end of a connection") {
                    metrics.total(.directFallbacks, "lost") > 0 ? true : nil
                }
                gate.open()
                for call in calls { _ = try await call.value }
                try await scene.rise(handle)
                let stranger = try await RawPeer(port: proxy.listenPort)
                stranger.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
                _ = try await stranger.closed()
                try await eventually("the stranger") {
                    metrics.total(.directHandshakesFailed, "not-a-peer") == 1 ? true : nil
                }
                #expect(metrics.total(.directLeaseLapsed) == 0)
                // As when the session loses a connection to the broker.
                try #require(await scene.server.broker.directWay).changed(isConnected: false)
                #expect(metrics.total(.directLeaseLapsed) == 1)
                let reasons = Set(Fallback.allCases.map(\.rawValue))
                #expect(metrics.reasons(.directFallbacks).isSubset(of: reasons))
                await user.close()
                await agent.close()
                try await eventually("the end of the connections") {
                    metrics.last(.directConnections) == 0 ? true : nil
                }
                await proxy.stop()
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

        /// The sum of the counters of a name, with a reason or with any.
        fileprivate func total(_ label: MetricLabel, _ reason: String? = nil) -> Int64 {
            counters.filter { counter in
                counter.label == label.rawValue
                    && (reason == nil || counter.dimensions.contains { $0.0 == "reason" && $0.1 == reason })
            }.reduce(0) { $0 + $1.totalValue }
        }

        /// The reasons that the counters of a name have.
        fileprivate func reasons(_ label: MetricLabel) -> Set<String> {
            Set(counters.filter { $0.label == label.rawValue }.flatMap { $0.dimensions.map(\.1) })
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
