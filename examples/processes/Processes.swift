import AgentExchange
import Agents
import Foundation
import RabbitMQExchange

/// What a reverser can be asked.
struct Reverser: AgentInterface {
    let reverse = Action<Answer, String>("reverse")
}

/// The reversed text, and who reversed it.
struct Answer: Codable, Sendable {
    let text: String
    let process: Int32
}

struct MyReverser: Agent {
    static let actions = Actions<MyReverser, Reverser> {
        $0.on(\.reverse) {
            Answer(text: String($1.reversed()), process: ProcessInfo.processInfo.processIdentifier)
        }
    }
}

@main
struct Processes {
    static func main() async {
        await runProgram { try await run() }
    }

    private static func run() async throws {
        guard let broker = RabbitMQExchange.environmentURL else {
            print("WARREN_BROKER is not set: two processes need a broker, such as amqp://guest:guest@127.0.0.1:5672")
            exit(2)
        }
        let exchange = try RabbitMQExchange(url: broker, namespace: "examples")
        if CommandLine.arguments.count > 1 {
            try await serve(Data(CommandLine.arguments[1].utf8), on: exchange)
        } else {
            try await call(on: exchange)
        }
    }

    /// The second process: runs the agent until it is asked to shut down.
    private static func serve(_ registration: Data, on exchange: RabbitMQExchange) async throws {
        // The first process holds the other end: this one ends with it, however it dies.
        FileHandle.standardInput.readabilityHandler = { input in
            if input.availableData.isEmpty { exit(1) }
        }
        let registration = try JSONDecoder().decode(AgentRegistration.self, from: registration)
        try await AgentRuntime(MyReverser(), registration: registration, exchange: exchange).run()
    }

    /// The first process: registers the agent, starts the second process, and calls the agent there.
    private static func call(on exchange: RabbitMQExchange) async throws {
        let user = try await exchange.makeUserClient(name: "ann")
        let registration = try await user.registerAgent(Reverser.self, name: "reverser")
        let reverser = user.handle(to: registration.agentID, as: Reverser.self)

        let (ends, ended) = AsyncStream.makeStream(of: Int32.self)
        let child = Process()
        child.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = [String(decoding: try JSONEncoder().encode(registration), as: UTF8.self)]
        child.terminationHandler = { ended.yield($0.terminationStatus) }
        let lifeline = Pipe()
        child.standardInput = lifeline
        try child.run()
        defer { withExtendedLifetime(lifeline) { child.terminate() } }

        let answer = try await reverser.reverse("DEADBEEF", deadline: .seconds(30))
        print("DEADBEEF becomes \(answer.text)")
        print("in another process:", answer.process == child.processIdentifier)
        try await reverser.shutdown(terminate: true)
        for await status in ends {
            print("which ended with", status)
            break
        }
        print("its mailbox is", try await user.status(of: registration.agentID))
        await user.close()
    }
}
