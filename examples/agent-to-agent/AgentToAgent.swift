import AgentExchange
import Agents
import Foundation
import InProcessExchange
import RabbitMQExchange

/// Something that changes a text.
struct Text: AgentInterface {
    let change = Action<String, String>("change")
}

struct Lowerer: Agent {
    static let actions = Actions<Lowerer, Text> {
        $0.on(\.change) { $1.lowercased() }
    }
}

struct Reverser: Agent {
    static let actions = Actions<Reverser, Text> {
        $0.on(\.change) { String($1.reversed()) }
    }
}

/// Has two others change the text, one after the other.
struct Coordinator: Agent {
    let first: Handle<Text>
    let second: Handle<Text>

    static let actions = Actions<Coordinator, Text> {
        $0.on(\.change) { coordinator, text in
            try await coordinator.second.change(try await coordinator.first.change(text))
        }
    }
}

@main
struct AgentToAgent {
    static func main() async {
        await runProgram { try await run() }
    }

    private static func run() async throws {
        try await withAgents(on: exchange()) { agents in
            let lowerer = try await agents.launch(Lowerer(), name: "lowerer")
            let reverser = try await agents.launch(Reverser(), name: "reverser")
            let coordinator = try await agents.launch(
                Coordinator(first: lowerer.handle, second: reverser.handle),
                name: "coordinator"
            )
            print("DEADBEEF becomes", try await coordinator.change("DEADBEEF", deadline: .seconds(5)))
        }
    }

    /// The exchange of this process, or a broker when there is one.
    private static func exchange() throws -> any ExchangeFactory {
        guard let broker = RabbitMQExchange.environmentURL else { return InProcessExchange() }
        return try RabbitMQExchange(url: broker, namespace: "examples")
    }
}
