import AgentExchange
import ArgumentParser

/// `warren ping`.
struct PingCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "ping",
        abstract: "Checks that an agent is alive.",
        discussion: """
            EXAMPLE
              warren ping hits --count 3 --interval 200ms
            """
    )

    @OptionGroup var options: CommonOptions

    @Argument(help: ArgumentHelp("UUID, base32 or display name.", valueName: "id"))
    var agent: EntityArgument

    @Option(help: "The number of pings, 1 to 1,000,000.")
    var count = 1

    @Option(help: ArgumentHelp("How long to wait between two pings.", valueName: "time"))
    var interval = TimeSpan.seconds(1)

    @Option(help: ArgumentHelp("The time limit of each ping.", valueName: "time"))
    var deadline = TimeSpan.seconds(5)

    func validate() throws {
        guard (1...1_000_000).contains(count) else { throw ValidationError("--count is 1 to 1,000,000") }
    }

    private struct Ping: Encodable {
        let id: String
        let number: Int
        let milliseconds: Double?
        let error: String?
    }

    func execute(_ console: Console) async throws {
        let (answered, status) = try await options.withVisitor { client in
            let id = try await agent.resolveAgent(client)
            let handle = client.handle(to: id)
            var (answered, status) = (0, ExitStatus.failed)
            for number in 1...count {
                if number > 1 { try await Task.sleep(for: interval.duration) }
                do throws(ExchangeError) {
                    let time = try await handle.ping(timeout: deadline.duration)
                    answered += 1
                    try? tell(id, number, time, nil, console)
                } catch {
                    if error.code == .cancelled { throw CancellationError() }
                    guard [.deadlineExceeded, .mailboxFull].contains(error.code), count > 1 else { throw error }
                    try? tell(id, number, nil, error, console)
                    status = error.exitStatus
                }
            }
            return (answered, status)
        }
        if count > 1, !console.json { try console.line("\(answered) of \(count) answered") }
        if answered < count { throw CommandFailure.told(status: status) }
    }

    private func tell(
        _ id: AgentID,
        _ number: Int,
        _ time: Duration?,
        _ error: ExchangeError?,
        _ console: Console
    ) throws {
        if console.json {
            let ping = Ping(
                id: id.uuid.lowercased,
                number: number,
                milliseconds: time?.milliseconds,
                error: error?.code.rawValue
            )
            return try console.object(ping)
        }
        if let time { try console.line("\(id) answered in \(time.text)") }
        if let error { try console.line("\(id) did not answer: \(error.message)") }
    }
}
