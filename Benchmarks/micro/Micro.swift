import AgentExchange
import Benchmark
import Foundation

/// What has no broker in it: counted in instructions, which are steady.
let benchmarks: @Sendable () -> Void = {
    let configuration = Benchmark.Configuration(
        metrics: [.instructions, .wallClock, .throughput],
        scalingFactor: .kilo,
        maxDuration: .seconds(2)
    )
    let text = String(repeating: "x", count: 100)

    Benchmark("encode arguments of 100 bytes", configuration: configuration) { benchmark in
        for _ in benchmark.scaledIterations { blackHole(try ActionArguments(text)) }
    }

    Benchmark("decode arguments of 100 bytes", configuration: configuration) { benchmark in
        let arguments = try ActionArguments(text)
        for _ in benchmark.scaledIterations { blackHole(try arguments.decode(String.self)) }
    }

    Benchmark("make a request", configuration: configuration) { benchmark in
        let (source, destination) = (EntityID.user(UserID()), EntityID.agent(AgentID()))
        let body = Request.Body.action(name: "echo", arguments: try ActionArguments(text))
        for _ in benchmark.scaledIterations { blackHole(try Request(from: source, to: destination, body)) }
    }
}
