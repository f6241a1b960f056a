import AgentExchange
import Agents
import ArgumentParser
import Foundation

/// Asks an agent through a typed handle, as its users do.
struct Ask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Calls the action, so many at a time.")

    @OptionGroup var exchange: Exchange
    @OptionGroup var action: Called
    @Option var count = 2000
    @Option var inFlight = 1
    @Option(help: "Bytes of the argument and of the result.") var size = 100
    @Argument var registration: String

    func run() async throws {
        let registration = try JSONDecoder().decode(AgentRegistration.self, from: Data(registration.utf8))
        let user = try await exchange.open().makeUserClient()
        let bank = user.handle(to: registration.agentID, as: Echo.self)
        let payload = String.payload(size)
        for _ in 0..<min(200, count) { _ = try await action(bank, payload) }
        let before = Usage.now
        let (times, elapsed) = try await withTaskExecutorPreference(exchange.executor) { [count, inFlight, action] in
            try await Self.repeated(count, inFlight: inFlight) { _ = try await action(bank, payload) }
        }
        let used = Usage.now - before
        await user.close()
        try Figures(count: count, elapsed: elapsed, times: times, usage: used).printLine()
    }

    /// Runs the body `count` times, and so many at a time.
    static func repeated(
        _ count: Int,
        inFlight: Int,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> (times: [Duration], elapsed: Duration) {
        let start = ContinuousClock.now
        let times = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for worker in 0..<inFlight {
                group.addTask {
                    var times: [Duration] = []
                    for _ in stride(from: worker, to: count, by: inFlight) {
                        let start = ContinuousClock.now
                        try await body()
                        times.append(start.duration(to: .now))
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return (times, start.duration(to: .now))
    }
}

/// Sends requests to an agent that nobody serves yet, and then takes the answers.
struct Backlog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends all requests, says \"sent\", and measures from the first answer to the last."
    )

    @OptionGroup var exchange: Exchange
    @Option var count = 100_000
    @Option(help: "Bytes of the argument and of the result.") var size = 100
    @Argument var registration: String

    func run() async throws {
        let registration = try JSONDecoder().decode(AgentRegistration.self, from: Data(registration.utf8))
        let transport = try await exchange.open().makeUserTransport(name: nil)
        let body = Request.Body.action(name: "echo", arguments: try ActionArguments(String.payload(size)))
        let (_, _) = try await Ask.repeated(count, inFlight: 1024) {
            try await transport.send(
                .request(try Request(from: transport.mailboxID, to: .agent(registration.agentID), body))
            )
        }
        say("sent")
        _ = try await transport.receive(timeout: .seconds(600))
        let start = ContinuousClock.now
        for _ in 1..<count { _ = try await transport.receive(timeout: .seconds(600)) }
        let elapsed = start.duration(to: .now)
        await transport.close()
        try Figures(count: count, elapsed: elapsed).printLine()
    }
}

/// Confirmed sends to a mailbox that nobody opens.
struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Sends requests that nobody answers.")

    @OptionGroup var exchange: Exchange
    @Option var count = 50_000
    @Option var inFlight = 1024
    @Option(help: "Bytes of the body.") var size = 300
    @Option(help: "How many are sent together, with one wait.") var together = 1

    func validate() throws {
        guard together > 0 else { throw ValidationError("at least one message is sent at a time") }
    }

    func run() async throws {
        let transport = try await exchange.open().makeUserTransport(name: nil)
        let agent = try await transport.registerAgent(Echo.agentType).agentID
        let payload = Payload(contentType: "application/octet-stream", bytes: Data(count: size))
        let before = Usage.now
        let tasks = max(1, inFlight / together)
        @Sendable func request() throws -> Message {
            let body = Request.Body.action(name: "echo", arguments: ActionArguments(payload: payload))
            return .request(try Request(from: transport.mailboxID, to: .agent(agent), body))
        }
        let (times, elapsed) = try await Ask.repeated(count / together, inFlight: tasks) { [together] in
            if together == 1 { return try await transport.send(try request()) }
            let requests = try (0..<together).map { _ in try request() }
            for result in await transport.send(requests) { try result.get() }
        }
        let used = Usage.now - before
        let sent = count / together * together
        try Figures(count: sent, elapsed: elapsed, times: times, usage: used).printLine()
        await transport.close()
    }
}
