import AgentExchange
import ArgumentParser

/// A session that compacts the directory when that is due.
struct Keep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Opens the directory, prints that it is ready, and stays until standard input closes."
    )

    @OptionGroup var exchange: Exchange

    func run() async throws {
        let transport = try await exchange.open().makeUserTransport(name: nil)
        _ = try await transport.discover(typeNamed: "Match", allowSubtypes: true)
        say("ready")
        while await lineOfInput() != nil {}
        await transport.close()
    }
}

/// Many questions.
struct Questions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Discovers a type again and again, several sessions at a time, each one by one."
    )

    @OptionGroup var exchange: Exchange
    @Option var count = 20_000
    @Option var sessions = 8

    func validate() throws {
        guard sessions > 0 else { throw ValidationError("there is at least one session") }
    }

    func run() async throws {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<sessions {
                group.addTask { [exchange, count, sessions] in
                    let factory = try exchange.open("questions \(number)")
                    let transport = try await factory.makeUserTransport(name: nil)
                    for _ in 0..<(count / sessions) {
                        try await Self.ask(transport)
                    }
                    await transport.close()
                }
            }
            try await group.waitForAll()
        }
        try Figures(count: count / sessions * sessions, elapsed: start.duration(to: .now)).printLine()
    }

    /// Asks, and asks again while a long directory is still read: that goes on meanwhile.
    private static func ask(_ transport: some ExchangeTransport) async throws {
        for _ in 0..<10 {
            do throws(ExchangeError) {
                _ = try await transport.discover(typeNamed: "Match", allowSubtypes: true)
                return
            } catch {
                guard error.code == .deadlineExceeded else { throw error }
            }
        }
        throw ExchangeError(.deadlineExceeded, "the directory was not read in ten times the limit")
    }
}

/// What the directory takes in the memory of a session.
struct DirectoryMemory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Opens the directory and prints how much memory the process has then."
    )

    @OptionGroup var exchange: Exchange

    func run() async throws {
        let transport = try await exchange.open(compacts: false).makeUserTransport(name: nil)
        let start = ContinuousClock.now
        let found = try await transport.discover(typeNamed: "Match", allowSubtypes: true)
        var figures = Figures(count: found.count, elapsed: start.duration(to: .now))
        figures.memory = Double(Usage.heldMemory)
        try figures.printLine()
        await transport.close()
    }
}

/// Agents that are pinged.
struct Pings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves agents, and pings them from another session; a line of standard input begins each step.",
        discussion: "Prints `ready` when the agents are served, and `pinged` when all pings were answered."
    )

    @OptionGroup var exchange: Exchange
    @Option(help: "How many agents.") var agents = 100
    @Option(help: "How many pings.") var count = 10_000

    func run() async throws {
        let serving = try exchange.open("serving")
        let owner = try await serving.makeUserClient()
        let registrations = try await owner.registerAgents(
            (0..<agents).map { _ in AgentToRegister(AgentType("Bench")) }
        )
        var clients: [AgentExchangeClient] = []
        for registration in registrations {
            clients.append(try await serving.makeAgentClient(registration) { request, _ in request.response() })
        }
        let user = try await exchange.open("pinging").makeUserClient()
        for registration in registrations { _ = try await user.handle(to: registration.agentID).ping() }
        say("ready")
        _ = await lineOfInput()
        let (times, elapsed) = try await Ask.repeated(count, inFlight: 16) {
            guard let registration = registrations.randomElement() else { return }
            _ = try await user.handle(to: registration.agentID).ping()
        }
        say("pinged")
        _ = await lineOfInput()
        try Figures(count: count, elapsed: elapsed, times: times).printLine()
        for client in clients { await client.close() }
        await user.close()
        await owner.close()
    }
}
