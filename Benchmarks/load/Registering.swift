import AgentExchange
import ArgumentParser

/// Registers many agents.
struct RegisterMany: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Registers agents, one after the other or many at a time."
    )

    @OptionGroup var exchange: Exchange
    @Option var count = 1000
    @Option var inFlight = 1

    func run() async throws {
        let transport = try await exchange.open().makeUserTransport(name: nil)
        _ = try await transport.registerAgent(AgentType("Bench"))
        let (times, elapsed) = try await Ask.repeated(count, inFlight: inFlight) {
            _ = try await transport.registerAgent(AgentType("Bench"))
        }
        try Figures(count: count, elapsed: elapsed, times: times).printLine()
        await transport.close()
    }
}

/// Opens the directory and discovers.
struct Discover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Opens a directory and prints how long that took; then discovers a type and prints that too."
    )

    @OptionGroup var exchange: Exchange
    @Option var type = "Match"
    @Option var count = 200

    func run() async throws {
        let transport = try await exchange.open().makeUserTransport(name: nil)
        let start = ContinuousClock.now
        let found = try await transport.discover(typeNamed: type, allowSubtypes: true)
        let opening = start.duration(to: .now)
        let type = type
        let (times, elapsed) = try await Ask.repeated(count, inFlight: 1) {
            _ = try await transport.discover(typeNamed: type, allowSubtypes: true)
        }
        try Figures(count: found.count, elapsed: opening).printLine()
        try Figures(count: count, elapsed: elapsed, times: times).printLine()
        await transport.close()
    }
}
