import AgentExchange
import Foundation
import InProcessExchange
import RabbitMQExchange

@main
struct Hello {
    static func main() async {
        await runProgram { try await run() }
    }

    private static func run() async throws {
        var exchange: any ExchangeFactory = InProcessExchange()
        if let broker = RabbitMQExchange.environmentURL {
            exchange = try RabbitMQExchange(url: broker, namespace: "hello")
        }
        let ann = try await exchange.makeUserClient(name: "ann")
        let registration = try await ann.registerAgent(AgentType("Greeter"), name: "greeter-1")

        let greeter = try await exchange.makeAgentClient(registration) { request, _ in
            guard case .action("greet", let arguments) = request.body else { return request.response() }
            return try request.response(encoding: "Hello, \(try arguments.decode(String.self))!")
        }

        for agent in try await ann.discover(typeNamed: "Greeter") {
            let handle = ann.handle(to: agent)
            let greeting = try await handle.action("greet", ActionArguments("Warren"), returning: String.self)
            print(greeting)
            print("\(agent) answered a ping in \(try await handle.ping())")
        }
        try await ann.terminate(greeter.id)
        print("status: \(try await ann.status(of: greeter.id))")
        await greeter.close()
        await ann.close()
    }
}
