import ArgumentParser
import RabbitMQExchange

/// `warren doctor`.
struct DoctorCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Connects and says what is fine, what is not, and how to mend it.",
        discussion: """
            Each line is ok, warn or fail. The exit status is 0 without a fail, 3 when no connection can be made or the broker \
            refuses something, else 1. With --management bindings are compared too, and alarms have their names.

            EXAMPLE
              warren doctor --broker amqps://ops@broker.example/production
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var management: ManagementOptions

    func execute(_ console: Console) async throws {
        let exchange = try options.exchange("doctor")
        let findings = await exchange.diagnose(management: try await askManagement()) { finding in
            guard !console.json else { return }
            try? console.line("\(finding.level.rawValue.padded(to: 4))  \(finding.subject.title)\(finding.text)")
            let label = finding.level == .ok ? "note" : "mend"
            if let mend = finding.mend { try? console.line("\(String(repeating: " ", count: 24))\(label): \(mend)") }
        }
        try Task.checkCancellation()
        if console.json { try console.object(findings) }
        guard let failure = findings.first(where: { $0.level == .fail }) else { return }
        var told = CommandFailure(failure.text, status: Self.status(failure))
        told.isReported = true
        throw told
    }

    private func askManagement() async throws -> Result<ManagementFacts, any Error>? {
        guard let api = try management.api(options) else { return nil }
        do {
            return .success(try await api.facts(namespace: options.chosenNamespace))
        } catch let failure as CommandFailure {
            return .failure(failure)
        }
    }

    private static func status(_ failure: Finding) -> Int32 {
        [.address, .tls, .login, .management, .permissions, .alarms].contains(failure.subject)
            ? ExitStatus.broker : ExitStatus.failed
    }
}

extension Finding.Subject {
    /// For people, in a column.
    fileprivate var title: String {
        switch self {
        case .acknowledgementTimeout: "action timeout".padded(to: 18)
        case .deadLetters: "dead letters".padded(to: 18)
        default: rawValue.padded(to: 18)
        }
    }
}

extension String {
    /// The text with spaces on the right, up to a width.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
