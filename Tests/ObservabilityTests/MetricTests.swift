import AgentExchange
import ExchangeTestKit
import InProcessExchange
import Metrics
import MetricsTestKit
import Testing

@Suite("What is measured")
struct MetricTests {
    private let exchange = (MetricDimension.exchange.rawValue, "in-process")

    @Test("Requests are counted by kind and outcome, timed, and in flight until they end")
    func requests() async throws {
        let metrics = TestMetrics()
        try await withMetricsFactory(metrics) {
            let pair = try await Pair(InProcessExchange())
            for _ in 1...3 { _ = try await pair.handle.action("echo", ActionArguments(Echo.secret)) }
            _ = try? await pair.handle.action("fail", ActionArguments(Echo.secret))
            for try await _ in pair.handle.stream("stream") {}
            _ = try await pair.handle.ping()
            await pair.close()
        }
        #expect(metrics.count(.requestsSent, exchange, ("kind", "action-request"), ("outcome", "ok")) == 4)
        #expect(metrics.count(.requestsSent, exchange, ("kind", "action-request"), ("outcome", "remote")) == 1)
        #expect(metrics.count(.requestsSent, exchange, ("kind", "ping-request"), ("outcome", "ok")) == 1)
        #expect(metrics.count(.requestsServed, exchange, ("kind", "action-request"), ("outcome", "ok")) == 4)
        #expect(metrics.count(.requestsServed, exchange, ("kind", "action-request"), ("outcome", "remote")) == 1)
        #expect(metrics.count(.responses, exchange, ("arrival", "delivered")) == 9)
        let durations = try metrics.expectTimer(
            MetricLabel.requestDuration.rawValue,
            [exchange, ("kind", "action-request")]
        )
        #expect(durations.values.count == 5)
        #expect(durations.values.allSatisfy { $0 > 0 })
        for label in [MetricLabel.requestsInFlight, .requestsRunning] {
            let meter = try metrics.expectMeter(label.rawValue, [exchange])
            #expect(meter.values.max() == 1)
            #expect(meter.values.last == 0)
        }
    }

    @Test("A redelivered request, and a request that ends without an answer, are counted")
    func redelivery() async throws {
        let metrics = TestMetrics()
        try await withMetricsFactory(metrics) {
            let exchange = InProcessExchange()
            let pair = try await Pair(exchange) { request, _ in
                try? await Task.sleep(for: .seconds(60))
                return request.response()
            }
            let call = Task { [handle = pair.handle] in try await handle.action("echo", deadline: .seconds(30)) }
            try await eventually("the request to be served") {
                metrics.meters.contains { $0.label == MetricLabel.requestsRunning.rawValue && $0.lastValue == 1 }
            }
            await pair.agent.close()
            let again = try await exchange.makeAgentClient(pair.agent.registration) { request, _ in request.response() }
            _ = try await call.value
            await again.close()
            // Nobody is there to be quicker than the deadline.
            await #expect(throws: ExchangeError.self) {
                _ = try await pair.handle.action("echo", deadline: .milliseconds(10))
            }
            await pair.user.close()
        }
        #expect(metrics.count(.redeliveries, exchange) == 1)
        #expect(
            metrics.count(.requestsSent, exchange, ("kind", "action-request"), ("outcome", "deadline-exceeded")) == 1
        )
    }

    @Test("The number of series does not grow with agents, users, actions or foreign codes")
    func bounded() async throws {
        let metrics = TestMetrics()
        try await withMetricsFactory(metrics) {
            let exchange = InProcessExchange()
            for number in 1...20 {
                let pair = try await Pair(exchange) { _, _ in
                    throw Failure(ExchangeError.Code(rawValue: "code-\(number)"), "a foreign code")
                }
                _ = try? await pair.handle.action("action-\(number)")
                await pair.close()
            }
        }
        #expect(metrics.count(.requestsSent, exchange, ("kind", "action-request"), ("outcome", "other")) == 20)
        let dimensions = metrics.counters.map(\.dimensions) + metrics.timers.map(\.dimensions)
        #expect(dimensions.count < 10)
        let known = Set(MetricDimension.allCases.map(\.rawValue))
        #expect(dimensions.joined().allSatisfy { known.contains($0.0) })
    }
}

extension TestMetrics {
    /// What a counter has counted; `nil` when there is none.
    func count(_ label: MetricLabel, _ dimensions: (String, String)...) -> Int64? {
        try? expectCounter(label.rawValue, dimensions).totalValue
    }
}
