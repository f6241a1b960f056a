import AgentExchange
import Agents
import Foundation
import InProcessExchange
import RabbitMQExchange

/// What a counter can be asked.
struct Counter: AgentInterface {
    let increment = Action<Int, Int>("increment")
    let count = Action<Int>("count")

    static let errors: [any CodableError.Type] = [CounterError.self]
}

/// Why a counter refuses.
enum CounterError: CodableError {
    case negative(Int)
}

/// The counter.
actor MyCounter: Agent {
    static let actions = Actions<MyCounter, Counter> {
        $0.on(\.increment) { try await $0.increment(by: $1) }
        $0.on(\.count) { await $0.count }
    }

    private var count = 0

    private func increment(by value: Int) throws -> Int {
        guard value >= 0 else { throw CounterError.negative(value) }
        count += value
        return count
    }
}

@main
struct ActorClient {
    static func main() async {
        await runProgram { try await run() }
    }

    private static func run() async throws {
        try await withAgents(on: exchange()) { agents in
            let counter = try await agents.launch(MyCounter(), name: "counter-1")
            print("count:", try await counter.count())
            print("after increment(1):", try await counter.increment(1))
            print("after increment(41):", try await counter.increment(41))
            do {
                _ = try await counter.increment(-1)
            } catch let error as CounterError {
                print("refused:", error)
            }
            print("count:", try await counter.count(deadline: .seconds(2)))
        }
    }

    /// The exchange of this process, or a broker when there is one.
    private static func exchange() throws -> any ExchangeFactory {
        guard let broker = RabbitMQExchange.environmentURL else { return InProcessExchange() }
        return try RabbitMQExchange(url: broker, namespace: "examples")
    }
}
