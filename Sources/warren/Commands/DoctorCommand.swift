import AgentExchange
import ArgumentParser
import HybridExchange
import RabbitMQExchange

/// `warren doctor`.
struct DoctorCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Connects, checks the broker, and says how to fix each problem.",
        discussion: """
            Each line is ok, warn or fail. The exit status is 0 without a fail, 3 when no connection can be made or the broker \
            refuses something, else 1. Owners with direct ways are dialled at the addresses that they offer, where the tool was \
            built with the trait Hybrid. With --management bindings are compared too, and alarms have their names.

            --repair examines nothing else. It terminates agents that are registered and have no queue and, with \
            --management, removes unregistered mailboxes without a receiver; their requests are answered with an \
            error. It checks each twice, about a minute apart, so that a registration under way is left alone, and \
            skips queues whose node is down.

            --probe is for the probes of a supervisor: it registers and makes nothing, prints nothing but an error, and ends \
            within --deadline with the same statuses: 0 when the broker takes the login and the shared objects are there.

            EXAMPLE
              warren doctor --probe --deadline 5s
              warren doctor --broker amqps://ops@broker.example/production
              warren doctor --repair --management http://broker.example:15672
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var management: ManagementOptions

    @Flag(help: "Remove the remains of mailboxes that were not completely registered or deleted.")
    var repair = false

    @Flag(help: "Check only, within the deadline, that the broker and the shared objects are there.")
    var probe = false

    @Option(help: "With --probe: the time after which it fails.")
    var deadline: TimeSpan?

    func validate() throws {
        if probe, repair { throw ValidationError("either --probe or --repair") }
        if deadline != nil, !probe { throw ValidationError("--deadline needs --probe") }
    }

    func execute(_ console: Console) async throws {
        if probe { return try await Probe(options, deadline: deadline ?? .seconds(5)).run() }
        if repair { return try await removeRemains(console) }
        let exchange = try options.exchange("doctor")
        let show: @Sendable (Finding) -> Void = { finding in
            guard !console.json else { return }
            let level = finding.level.rawValue
            let space = String(repeating: " ", count: max(0, 6 - level.count))
            try? console.line(state: level, space + finding.subject.title + finding.text)
            let label = finding.level == .ok ? "note" : "fix"
            if let recoverySuggestion = finding.recoverySuggestion {
                try? console.line("\(String(repeating: " ", count: 24))\(label): \(recoverySuggestion)")
            }
        }
        var findings = await exchange.diagnose(management: try await askManagement(), report: show)
        #if Hybrid
            if findings.allSatisfy({ $0.level != .fail }) {
                findings += await (try HybridExchange(over: exchange)).diagnoseDirectWays(report: show)
            }
        #endif
        try Task.checkCancellation()
        if console.json { try console.object(findings) }
        guard let failure = findings.first(where: { $0.level == .fail }) else { return }
        var told = CommandFailure(failure.text, status: Self.status(failure))
        told.isReported = true
        throw told
    }

    private func removeRemains(_ console: Console) async throws {
        let facts = try await askManagement()?.get()
        if facts == nil { console.note("without --management mailboxes that are not registered are not found") }
        let removed = try await options.withAdministration { administration in
            try await administration.removeRemains(facts) { remains in
                if !console.json { try? console.line("\(remains.id.uuid.lowercased)  \(remains.kind.text)") }
            }
        }
        if console.json {
            try console.object(removed.map { RemainsReport(id: $0.id.uuid.lowercased, kind: $0.kind) })
        } else if removed.isEmpty {
            console.note("nothing had to be removed")
        }
    }

    private struct RemainsReport: Encodable {
        let id: String
        let kind: MailboxRemains.Kind
    }

    private func askManagement() async throws -> Result<ManagementFacts, any Error>? {
        guard let api = try await management.api(options) else { return nil }
        do {
            return .success(try await api.facts(namespace: options.chosenNamespace))
        } catch let failure as CommandFailure {
            return .failure(failure)
        }
    }

    private static func status(_ failure: Finding) -> Int32 {
        failure.isAboutTheBroker
            || [.address, .tls, .login, .management, .permissions, .alarms].contains(failure.subject)
            ? ExitStatus.broker : ExitStatus.failed
    }
}

extension MailboxRemains.Kind {
    /// The text for people.
    fileprivate var text: String {
        switch self {
        case .registrationWithoutQueue: "terminated: it had no queue"
        case .queueWithoutRegistration: "removed: it was not registered"
        }
    }
}

extension Finding.Subject {
    /// The title for people, in a column.
    fileprivate var title: String {
        switch self {
        case .acknowledgementTimeout: "action timeout".padded(to: 18)
        case .deadLetters: "dead letters".padded(to: 18)
        case .directWays: "direct ways".padded(to: 18)
        default: rawValue.padded(to: 18)
        }
    }
}

extension String {
    /// Returns the text padded with spaces on the right to a width.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
