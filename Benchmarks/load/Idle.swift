import AgentExchange
import ArgumentParser

/// A process of many agents that have nothing to do.
struct Idle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Opens many agents; prints memory for each, sockets, and the CPU time of 5 idle seconds."
    )

    @OptionGroup var exchange: Exchange
    @Option var count = 1000

    func run() async throws {
        let factory = try exchange.open()
        let user = try await factory.makeUserClient()
        _ = try await user.discover(AgentType("Bench"))
        let registrations = try await user.registerAgents(
            (0..<count).map { _ in AgentToRegister(AgentType("Bench")) }
        )
        let before = Usage.memory
        var clients: [AgentExchangeClient] = []
        for registration in registrations {
            clients.append(try await factory.makeAgentClient(registration) { request, _ in request.response() })
        }
        let memory = Usage.memory - before
        let start = Usage.now
        try await Task.sleep(for: .seconds(5))
        let used = Usage.now - start
        var figures = Figures(count: count, elapsed: .seconds(5), usage: used)
        figures.memory = Double(memory) / Double(count)
        figures.sockets = Double(Usage.sockets)
        try figures.printLine()
        for client in clients { await client.close() }
        await user.close()
    }
}
