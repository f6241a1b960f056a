import AgentExchange
import Agents
import Foundation
import RabbitMQExchange

@main
struct LogTriage {
    static func main() async {
        await runProgram { try await run() }
    }

    private static func run() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let broker = RabbitMQExchange.environmentURL, let last = arguments.last else {
            say("Usage: WARREN_BROKER=amqp://user:password@host log-triage FILE")
            exit(2)
        }
        let exchange = try RabbitMQExchange(url: broker, namespace: "log-triage")
        if arguments.first == "--agent" {
            Worker.endWithParent()
            let registration = try JSONDecoder().decode(AgentRegistration.self, from: Data(last.utf8))
            try await AgentRuntime(MyClassifier(), registration: registration, exchange: exchange).run()
        } else {
            let text = try String(contentsOfFile: last, encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            try await triage(lines.last == "" ? lines.dropLast() : lines, on: exchange)
        }
    }

    private static func triage(_ lines: [String], on exchange: RabbitMQExchange) async throws {
        let user = try await exchange.makeUserClient(name: "triage")
        let changes = try await user.changes(of: Classifier.self)
        var registrations: [AgentRegistration] = []
        for number in 1...3 {
            registrations.append(try await user.registerAgent(Classifier.self, name: "classifier-\(number)"))
        }
        let agents = registrations.map(\.agentID)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await watch(changes, until: Set(agents)) }
                for registration in registrations {
                    group.addTask { try await Worker(registration: registration).run() }
                }
                let workers = agents.map { user.handle(to: $0, as: Classifier.self) }
                report(try await Triage(lines: lines, workers: workers).run(), of: lines)
                for worker in workers { try await worker.shutdown(terminate: true) }
                try await group.waitForAll()
            }
        } catch {
            for agent in agents { try? await user.terminate(agent) }
            throw error
        }
        await user.close()
    }

    /// Tells who comes and who goes, until all of ours have gone.
    private static func watch(_ changes: Changes<Classifier>, until ours: Set<AgentID>) async throws {
        var rest = ours
        for try await change in changes {
            switch change {
            case .snapshot(let others):
                if !others.isEmpty { say("there already: \(others.map(\.description).joined(separator: ", "))") }
            case .registered(let agent):
                say("\(agent.id.name ?? "a classifier") comes")
            case .terminated(let agent):
                say("\(agent.id.name ?? "a classifier") goes")
                rest.remove(agent.id)
                if rest.isEmpty { return }
            }
        }
    }

    private static func report(_ severities: [Severity], of lines: [String]) {
        say("\(lines.count) lines:")
        for severity in Severity.allCases {
            say("  \(severity) \(severities.count { $0 == severity })")
        }
        for (number, (severity, line)) in zip(severities, lines).enumerated() where severity == .critical {
            say("line \(number + 1): \(line)")
        }
    }
}

/// Prints a line at once, also into a pipe.
func say(_ line: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
}
