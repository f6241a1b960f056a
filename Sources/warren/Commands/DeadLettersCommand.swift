import AgentExchange
import ArgumentParser
import RabbitMQExchange

/// `warren dead-letters`.
struct DeadLettersCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Shows how many messages could not be delivered, or answers them.",
        discussion: """
            Every session that is connected answers dead letters. With --serve this command does only that until SIGTERM, \
            and prints a line for each: it is for places where no other session runs all the time.

            EXAMPLE
              warren dead-letters --serve
            """
    )

    @OptionGroup var options: CommonOptions

    @OptionGroup var waiting: WaitingOptions

    @Flag(help: "Answer dead letters until SIGTERM.")
    var serve = false

    private struct Line: Encodable {
        let reason: String
        let outcome: String
        let kind: String?
        let source: String?
        let destination: String?
        let tag: String?

        init(_ letter: DeadLetter) {
            reason = letter.reason
            outcome = letter.outcome.rawValue
            kind = letter.kind?.rawValue
            source = letter.source.map { "\($0.role.rawValue):\($0.uuid.lowercased)" }
            destination = letter.destination.map { "\($0.role.rawValue):\($0.uuid.lowercased)" }
            tag = letter.tag?.lowercased
        }

        var text: String {
            "\(outcome)  \(reason)  \(kind ?? "-")  \(source ?? "-") -> \(destination ?? "-")"
        }
    }

    func execute(_ console: Console) async throws {
        guard serve else {
            let figures = try await options.withAdministration { try await $0.deadLetters() }
            if console.json { return try console.object(figures) }
            try console.line("waiting    \(figures.waiting)")
            try console.line("answering  \(figures.consumers) sessions")
            try console.line("parked     \(figures.parked)")
            return
        }
        let exchange = try options.exchange("dead letters", patience: waiting.wait?.duration)
        let (lines, put) = AsyncStream.makeStream(of: Line.self, bufferingPolicy: .bufferingNewest(10_000))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { put.finish() }
                try await options.connecting(to: exchange) { () throws(ExchangeError) in
                    try await exchange.serveDeadLetters(
                        ready: { console.note("answering dead letters of namespace \(exchange.namespace)") },
                        report: { put.yield(Line($0)) }
                    )
                }
            }
            group.addTask {
                for await line in lines {
                    if console.json { try console.object(line) } else { try console.line(line.text) }
                }
            }
            do {
                while try await group.next() != nil {}
            } catch {
                group.cancelAll()
                throw error
            }
        }
    }
}
