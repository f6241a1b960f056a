import AgentExchange
import Agents
import Benchmark
import CAllocations
import Foundation
import InProcessExchange
import Logging

extension BenchmarkMetric {
    /// Allocations, which are as many on a busy machine as on a quiet one.
    static let allocations = BenchmarkMetric.custom("Allocations", polarity: .prefersSmaller, useScalingFactor: true)
}

extension Benchmark {
    /// Runs the body and notes what it allocated.
    func counting(_ body: () throws -> Void) rethrows {
        let before = allocations_count()
        try body()
        measurement(.allocations, Int(allocations_count() - before))
    }

    /// Runs the body and notes what was allocated meanwhile.
    func counting(_ body: () async throws -> Void) async rethrows {
        let before = allocations_count()
        try await body()
        measurement(.allocations, Int(allocations_count() - before))
    }
}

/// What is done for each message, without a broker.
let benchmarks: @Sendable () -> Void = {
    LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
    let configuration = Benchmark.Configuration(
        metrics: [.allocations],
        warmupIterations: 5,
        scalingFactor: .kilo,
        maxDuration: .seconds(2),
        maxIterations: 200,
        thresholds: [.allocations: BenchmarkThresholds(relative: [.p50: 10])]
    )
    let text = String(repeating: "x", count: 100)

    Benchmark("encode arguments of 100 bytes", configuration: configuration) { benchmark in
        try benchmark.counting {
            for _ in benchmark.scaledIterations { blackHole(try ActionArguments(text)) }
        }
    }

    Benchmark("decode arguments of 100 bytes", configuration: configuration) { benchmark in
        let arguments = try ActionArguments(text)
        try benchmark.counting {
            for _ in benchmark.scaledIterations { blackHole(try arguments.decode(String.self)) }
        }
    }

    Benchmark("make a request", configuration: configuration) { benchmark in
        let (source, destination, tag) = (EntityID.user(UserID()), EntityID.agent(AgentID()), UUID())
        let body = Request.Body.action(name: "echo", arguments: try ActionArguments(text))
        try benchmark.counting {
            for _ in benchmark.scaledIterations {
                blackHole(try Request(from: source, to: destination, tag: tag, body))
            }
        }
    }

    Benchmark("answer a request", configuration: configuration) { benchmark in
        let (source, destination) = (EntityID.user(UserID()), EntityID.agent(AgentID()))
        let request = try Request(from: source, to: destination, .ping)
        benchmark.counting {
            for _ in benchmark.scaledIterations { blackHole(request.response()) }
        }
    }

    Benchmark("call an action in one process", configuration: configuration) { benchmark in
        try await withAgents(on: InProcessExchange()) { agents in
            let echo = try await agents.launch(EchoAgent())
            for _ in 0..<100 { _ = try await echo.echo(text) }
            benchmark.startMeasurement()
            try await benchmark.counting {
                for _ in benchmark.scaledIterations { blackHole(try await echo.echo(text)) }
            }
            benchmark.stopMeasurement()
        }
    }
}

/// An agent whose only action does nothing.
struct Echo: AgentInterface {
    let echo = Action<String, String>("echo")
}

struct EchoAgent: Agent {
    static let actions = Actions<EchoAgent, Echo> {
        $0.on(\.echo) { $1 }
    }
}
