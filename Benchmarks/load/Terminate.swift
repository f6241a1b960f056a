import AgentExchange
import Agents
import ArgumentParser

/// Terminates a mailbox with many requests in it.
struct Terminate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fills a mailbox, terminates it, and waits until every request is answered."
    )

    @OptionGroup var exchange: Exchange
    @Option var count = 10_000
    @Option(help: "Bytes of the argument.") var size = 300

    func run() async throws {
        let factory = try exchange.open()
        let transport = try await factory.makeUserTransport(name: nil)
        let other = try await factory.makeUserTransport(name: nil)
        let agent = try await transport.registerAgent(Echo.agentType).agentID
        let body = Request.Body.action(name: "echo", arguments: try ActionArguments(String.payload(size)))
        let (_, _) = try await Ask.repeated(count, inFlight: 1024) {
            try await transport.send(.request(try Request(from: transport.mailboxID, to: .agent(agent), body)))
        }
        let start = ContinuousClock.now
        async let termination: Void = other.terminate(.agent(agent))
        for _ in 0..<count { _ = try await transport.receive(timeout: .seconds(120)) }
        let elapsed = start.duration(to: .now)
        try await termination
        try Figures(count: count, elapsed: elapsed).printLine()
        await other.close()
        await transport.close()
    }
}
