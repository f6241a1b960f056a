import AgentExchange
import Agents
import Foundation
import InProcessExchange
import RabbitMQExchange

/// Any sensor.
struct Sensor: AgentInterface {
    let reading = Action<Int>("reading")
}

/// A sensor that can be told what to call zero: it refines ``Sensor``.
struct AdjustableSensor: AgentInterface {
    let sensor = Sensor()
    let adjust = Action<Void, Int>("adjust")
}

struct FixedSensor: Agent {
    let value: Int

    static let actions = Actions<FixedSensor, Sensor> {
        $0.on(\.reading, start: .immediate) { $0.value }
    }
}

actor MyAdjustableSensor: Agent {
    static let actions = Actions<MyAdjustableSensor, AdjustableSensor> {
        $0.on(\.sensor.reading) { 100 - (await $0.zero) }
        $0.on(\.adjust) { await $0.adjust($1) }
    }

    private var zero = 0

    private func adjust(_ zero: Int) {
        self.zero = zero
    }
}

@main
struct Discovery {
    static func main() async {
        await runProgram { try await run() }
    }

    private static func run() async throws {
        try await withAgents(on: exchange()) { agents in
            _ = try await agents.launch(FixedSensor(value: 7), name: "cellar")
            _ = try await agents.launch(FixedSensor(value: 21), name: "kitchen")
            _ = try await agents.launch(MyAdjustableSensor(), name: "attic")

            print("sensors:", names(try await agents.discover(Sensor.self)))
            print("no refinements:", names(try await agents.discover(Sensor.self, allowSubtypes: false)))
            print("adjustable:", names(try await agents.discover(AdjustableSensor.self)))

            for sensor in try await agents.discover(AdjustableSensor.self) {
                try await sensor.adjust(80)
                print("\(name(sensor)) reads \(try await sensor.sensor.reading())")
            }
            var readings: [String: Int] = [:]
            for await answer in try await agents.user.askAll(\Sensor.reading, deadline: .seconds(5)) {
                readings[name(answer.agent)] = try answer.result.get()
            }
            print("asked all:", readings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
        }
    }

    private static func names<Interface>(_ agents: [Handle<Interface>]) -> String {
        agents.map(name).joined(separator: ", ")
    }

    private static func name<Interface>(_ agent: Handle<Interface>) -> String {
        agent.id.name ?? agent.id.description
    }

    /// The exchange of this process, or a broker when there is one.
    private static func exchange() throws -> any ExchangeFactory {
        guard let broker = RabbitMQExchange.environmentURL else { return InProcessExchange() }
        return try RabbitMQExchange(url: broker, namespace: "examples")
    }
}
