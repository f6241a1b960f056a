import AgentExchange
import Agents
import Foundation
import InProcessExchange
import RabbitMQExchange

/// What a thermometer can be asked.
struct Thermometer: AgentInterface {
    let reading = Action<Int>("reading")
    let readings = StreamedAction<Int>("readings")
}

/// A thermometer that measures by itself, ten times a second.
actor MyThermometer: Agent {
    static let actions = Actions<MyThermometer, Thermometer> {
        $0.on(\.reading) { await $0.degrees }
        $0.on(\.readings) { await $0.watch() }
        $0.every(.milliseconds(100), "measure") { thermometer, _ in await thermometer.measure() }
        $0.loop("alarm") { thermometer, context in
            for await degrees in await thermometer.watch() where degrees > 20 {
                print("\(context.id.name ?? "an agent") is warmer than 20 degrees")
                return
            }
        }
    }

    private var degrees = 18
    private var watchers: [AsyncStream<Int>.Continuation] = []

    func started(_ context: AgentContext) {
        print("started")
    }

    func stopping(_ context: AgentContext) {
        print("stopping")
    }

    private func measure() {
        degrees += 1
        watchers.removeAll { watcher in
            if case .terminated = watcher.yield(degrees) { true } else { false }
        }
    }

    /// The measurements from now on. Who is late misses some.
    private func watch() -> AsyncStream<Int> {
        let (readings, watcher) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
        watchers.append(watcher)
        return readings
    }
}

@main
struct AgentLoop {
    static func main() async {
        await runProgram { try await run() }
    }

    private static func run() async throws {
        try await withAgents(on: exchange()) { agents in
            let thermometer = try await agents.launch(MyThermometer(), name: "kitchen")
            let first = try await thermometer.reading()
            for try await degrees in thermometer.readings() where degrees >= first + 5 {
                print("5 degrees more than at first")
                break
            }
        }
    }

    /// The exchange of this process, or a broker when there is one.
    private static func exchange() throws -> any ExchangeFactory {
        guard let broker = RabbitMQExchange.environmentURL else { return InProcessExchange() }
        return try RabbitMQExchange(url: broker, namespace: "examples")
    }
}
