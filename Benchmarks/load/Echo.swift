import AgentExchange
import Agents
import ArgumentParser
import Foundation

/// An agent whose only action does nothing.
struct Echo: AgentInterface {
    let echo = Action<String, String>("echo")
}

/// The agent.
struct EchoAgent: Agent {
    static let actions = Actions<EchoAgent, Echo> {
        $0.on(\.echo) { $1 }
    }
}

/// Registers the agent that others serve and ask.
struct Register: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Registers an agent and prints its registration.")

    @OptionGroup var exchange: Exchange

    func run() async throws {
        let user = try await exchange.open().makeUserClient()
        let registration = try await user.registerAgent(Echo.agentType)
        say(String(decoding: try JSONEncoder().encode(registration), as: UTF8.self))
        await user.close()
    }
}

/// Serves the agent.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serves an agent until standard input closes.")

    @OptionGroup var exchange: Exchange

    @Argument(help: "What `register` printed.")
    var registration: String

    func run() async throws {
        let registration = try JSONDecoder().decode(AgentRegistration.self, from: Data(registration.utf8))
        let runtime = AgentRuntime(EchoAgent(), registration: registration, exchange: try exchange.open())
        let before = Usage.now
        try await withThrowingTaskGroup { group in
            group.addTask { try await runtime.run() }
            if await runtime.waitUntilReady() { say("ready") }
            await Self.waitForEndOfInput()
            runtime.stop()
            try await group.waitForAll()
        }
        let used = Usage.now - before
        try Figures(count: 0, elapsed: .zero, usage: used).printLine()
    }

    private static func waitForEndOfInput() async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                _ = try? FileHandle.standardInput.readToEnd()
                continuation.resume()
            }
        }
    }
}
