import AgentExchange
import ArgumentParser
import RabbitMQExchange

/// `warren bench`.
struct BenchCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures round trips and throughput against the broker, in a namespace that it removes.",
        discussion: """
            An agent and a user in this process, each with connections of its own, exchange a small echo request. Each \
            measurement runs for --seconds after a tenth of that to warm up. A send is counted when the broker has \
            confirmed it. Other load on this machine and on the broker's affects the figures.

            EXAMPLE
              warren bench --seconds 10
            """
    )

    @OptionGroup var options: CommonOptions

    @Option(help: "How long each measurement takes, 0.1 to 3600.")
    var seconds = 3.0

    @Option(help: "The size of the payload in bytes, 0 to 1,000,000.")
    var size = 100

    @Option(help: "The kind of mailboxes: replicated or single.")
    var mailboxes = MailboxChoice.replicated

    func validate() throws {
        guard (0.1...3600).contains(seconds) else { throw ValidationError("--seconds is 0.1 to 3600") }
        guard (0...1_000_000).contains(size) else { throw ValidationError("--size is 0 to 1,000,000") }
    }

    private struct Report: Encodable {
        let mailboxes: String
        let bytes: Int
        let measurements: [Measurement]
    }

    func execute(_ console: Console) async throws {
        let measurements = try await options.withOwnNamespace("bench") { try await measure($0, console) }
        if console.json {
            return try console.object(Report(mailboxes: mailboxes.rawValue, bytes: size, measurements: measurements))
        }
        try console.table(
            Table(
                .fixed("WHAT"),
                .number("IN FLIGHT"),
                .number("PER SECOND"),
                .number("P50"),
                .number("P99"),
                .number("COUNT"),
                rows: measurements.map(\.row)
            )
        )
    }

    private func measure(_ namespace: String, _ console: Console) async throws -> [Measurement] {
        let bench = Bench(
            caller: try exchange("caller", namespace),
            agent: try exchange("agent", namespace),
            payload: String(repeating: "x", count: size),
            duration: .milliseconds(Int64(seconds * 1000))
        )
        defer { console.endProgress() }
        return try await bench.run { console.progress("measuring \($0) …") }
    }

    private func exchange(_ role: String, _ namespace: String) throws -> RabbitMQExchange {
        var configuration = RabbitMQConfiguration()
        configuration.mailboxKind = mailboxes.kind
        configuration.connectionName = "warren bench \(role)"
        return try RabbitMQExchange(url: options.brokerURL, namespace: namespace, configuration: configuration)
    }
}
