import AgentExchange
import Agents
import ArgumentParser
import Foundation

/// An agent whose actions do nothing.
struct Echo: AgentInterface {
    let echo = Action<String, String>("echo")
    /// The same, and starts on the thread that brings the request.
    let echoAtOnce = Action<String, String>("echo-at-once")
}

/// The agent.
struct EchoAgent: Agent {
    static let actions = Actions<EchoAgent, Echo> {
        $0.on(\.echo) { $1 }
        $0.on(\.echoAtOnce, start: .immediate) { $1 }
    }
}

/// Which of the two actions is called.
struct Called: ParsableArguments {
    @Flag(help: "Call the action that starts on the thread which brings the request.") var atOnce = false

    func callAsFunction(_ handle: Handle<Echo>, _ payload: String) async throws -> String {
        atOnce ? try await handle.echoAtOnce(payload) : try await handle.echo(payload)
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
        var configuration = AgentConfiguration()
        configuration.client.taskExecutor = exchange.executor
        let runtime = AgentRuntime(
            EchoAgent(),
            registration: registration,
            exchange: try exchange.open(),
            configuration: configuration
        )
        let before = Usage.now
        try await withThrowingTaskGroup { group in
            group.addTask { try await runtime.run() }
            if await runtime.waitUntilReady() { say("ready") }
            while await lineOfInput() != nil {}
            runtime.stop()
            try await group.waitForAll()
        }
        let used = Usage.now - before
        try Figures(count: 0, elapsed: .zero, usage: used).printLine()
    }
}

/// The next line of standard input; `nil` at its end.
func lineOfInput() async -> String? {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: readLine()) }
    }
}
