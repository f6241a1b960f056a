import AgentExchange
import Agents
import InProcessExchange
import RabbitMQExchange

struct Greeter: AgentInterface {
    let greet = Action<String, String>("greet")
}

actor MyGreeter: Agent {
    static let actions = Actions<MyGreeter, Greeter> {
        $0.on(\.greet) { await $0.greet($1) }
    }

    private func greet(_ name: String) -> String { "Hello, \(name)!" }
}

@main
struct Hello {
    static func main() async {
        await runProgram {
            var exchange: any ExchangeFactory = InProcessExchange()
            if let broker = RabbitMQExchange.environmentURL {
                exchange = try RabbitMQExchange(url: broker, namespace: "hello")
            }
            try await withAgents(on: exchange) { agents in
                _ = try await agents.launch(MyGreeter(), name: "greeter-1")
                for greeter in try await agents.discover(Greeter.self) {
                    print(try await greeter.greet("Warren"))
                }
            }
        }
    }
}
