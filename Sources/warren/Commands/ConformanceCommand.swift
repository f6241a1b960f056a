import AgentExchange
import ArgumentParser
import ExchangeConformance
import Foundation
import HybridExchange
import RabbitMQExchange

/// `warren conformance`.
struct ConformanceCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Runs the conformance suite against the broker, in a namespace that it removes.",
        discussion: """
            The exit status is 0 when no case failed. A case that needs a capability which the exchange lacks is not \
            run, and its reason is printed.

            EXAMPLE
              warren conformance --quick --subject discovery
            """
    )

    @OptionGroup var options: CommonOptions

    @Option(help: ArgumentHelp("Only cases about this subject: transport, termination, discovery …", valueName: "name"))
    var subject: String?

    @Flag(help: "Run with a tenth of the load.")
    var quick = false

    @Option(help: "The kind of mailboxes: replicated or single.")
    var mailboxes = MailboxChoice.replicated

    @Option(help: "The exchange: rabbitmq, or hybrid where the tool was built with the trait Hybrid.")
    var exchange = ExchangeChoice.rabbitmq

    @Option(help: ArgumentHelp("The time limit of each expected event.", valueName: "time"))
    var timeout = TimeSpan.seconds(20)

    private struct Line: Encodable {
        let subject: String
        let name: String
        let passed: Bool
        let milliseconds: Double
        let failure: String?
        let notRun: String?
    }

    private var cases: [ConformanceCase] {
        ExchangeConformance.cases.filter { subject == nil || $0.subject == subject }
    }

    func validate() throws {
        guard exchange.isBuilt else { throw ValidationError("this tool was built without the trait Hybrid") }
        guard cases.isEmpty else { return }
        let subjects = Set(ExchangeConformance.cases.map(\.subject)).sorted().joined(separator: ", ")
        throw ValidationError("there are no cases about \(subject ?? ""); subjects are \(subjects)")
    }

    func execute(_ console: Console) async throws {
        let results = try await options.withOwnNamespace("conformance") { namespace in
            try await run(namespace, console)
        }
        let failed = results.count { $0.failure != nil }
        let notRun = results.count { $0.reasonNotRun != nil }
        if console.json {
            let lines = results.map {
                Line(
                    subject: $0.subject,
                    name: $0.name,
                    passed: $0.passed,
                    milliseconds: $0.duration.milliseconds,
                    failure: $0.failure?.description,
                    notRun: $0.reasonNotRun
                )
            }
            try console.object(lines)
        } else {
            let run = results.count - notRun
            try console.line("\(run - failed) of \(run) cases passed\(notRun > 0 ? ", \(notRun) not run" : "")")
        }
        if failed > 0 { throw CommandFailure.told }
    }

    private func run(_ namespace: String, _ console: Console) async throws -> [ConformanceResult] {
        let environment = ConformanceEnvironment(
            factory: try makeExchange("conformance", namespace),
            otherFactory: try makeExchange("conformance, another process", namespace),
            timeout: timeout.duration,
            scale: quick ? .quick : .full
        )
        let count = cases.count
        console.progress("0 of \(count) cases")
        defer { console.endProgress() }
        // Each case is a run of its own: a signal ends the command between two cases, when the case has cleaned up.
        var results: [ConformanceResult] = []
        for conformanceCase in cases {
            try Task.checkCancellation()
            let ended = await Task { await ExchangeConformance.run([conformanceCase], on: environment) }.value
            console.endProgress()
            if !console.json { for result in ended { try show(result, console) } }
            results += ended
            console.progress("\(results.count) of \(count) cases")
        }
        try Task.checkCancellation()
        return results
    }

    private func show(_ result: ConformanceResult, _ console: Console) throws {
        let text = result.description
        let outcome = ["passed", "FAILED", "not run"].first(where: text.hasPrefix) ?? ""
        try console.raw(console.palette.paint(outcome, outcome) + text.dropFirst(outcome.count))
    }

    private func makeExchange(_ role: String, _ namespace: String) throws -> any ExchangeFactory {
        var configuration = RabbitMQConfiguration()
        configuration.mailboxKind = mailboxes.kind
        configuration.maximumMessageSize = 2 << 20
        configuration.connectionName = "warren \(role) \(ProcessInfo.processInfo.processIdentifier)"
        let broker = try RabbitMQExchange(url: options.brokerURL, namespace: namespace, configuration: configuration)
        #if Hybrid
            if exchange == .hybrid {
                var direct = DirectConfiguration()
                // A termination waits that long for an owner that does not answer.
                direct.ownershipLease = .seconds(2)
                return try HybridExchange(over: broker, direct: direct)
            }
        #endif
        return broker
    }
}

/// The exchange, as an option.
enum ExchangeChoice: String, CaseIterable, ExpressibleByArgument, Sendable {
    case rabbitmq, hybrid

    /// Whether the tool has it.
    var isBuilt: Bool {
        #if Hybrid
            true
        #else
            self == .rabbitmq
        #endif
    }
}

/// The kind of mailboxes, as an option.
enum MailboxChoice: String, CaseIterable, ExpressibleByArgument, Sendable {
    case replicated, single

    /// The exchange's value for it.
    var kind: MailboxKind { self == .replicated ? .replicated : .single }
}
