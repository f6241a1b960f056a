import AgentExchange
import Foundation
import RabbitMQExchange
import WorkerRuntime

/// A process with a worker of a shared type, for the tests that kill it.
///
/// It reads a factory as JSON from a line of its standard input, and runs until that ends. Its arguments are the name of the agent
/// type, which has 8 slots, and optionally a folder, where the states of the agents are stored after each message. It answers each
/// request with its process id; `count` also with the number of messages that the agent counted, each once. `hold` never ends, and neither does
/// `half`, which counts.
@main
struct WorkerProcess {
    struct Ask: Codable, Sendable {
        var text: String
    }

    struct Answer: Codable, Sendable {
        var text: String
    }

    actor Agent: WorkerAgent {
        private var seen: Set<String> = []

        static let handlers = Handlers<Agent> {
            $0.onRequest(Ask.self) { agent, ask, context in
                Answer(text: try await agent.answer(ask.text, context.messageID))
            }
        }

        private func answer(_ text: String, _ message: String) async throws -> String {
            let process = "\(ProcessInfo.processInfo.processIdentifier)"
            switch text {
            case "hold":
                WorkerProcess.say("holds")
                try await Task.sleep(for: .seconds(3600))
            case "half":
                seen.insert(message)
                WorkerProcess.say("half")
                try await Task.sleep(for: .seconds(3600))
            case "count":
                seen.insert(message)
                return "\(process) \(seen.count)"
            default: break
            }
            return process
        }

        func saveState() async throws -> Set<String>? { seen }

        func loadState(_ state: Set<String>) async throws { seen = state }
    }

    static func main() async throws {
        let exchange = try JSONDecoder().decode(RabbitMQExchange.self, from: Data((readLine() ?? "").utf8))
        let arguments = CommandLine.arguments.dropFirst()
        var configuration = WorkerConfiguration()
        var options = AgentTypeOptions(sharing: .shared(slots: 8))
        if let folder = arguments.dropFirst().first {
            configuration.states = FileStateStorage(directory: URL(filePath: folder))
            options.persistence = .afterEachMessage
        }
        let workers = try await WorkerRuntime(on: exchange, configuration: configuration)
        try await workers.register(arguments.first ?? "", options: options) { _ in Agent() }
        try await workers.start()
        say("ready")
        // The test's end is the end of the input.
        while readLine() != nil {}
        await workers.stop()
    }

    /// Writes a line that is read at once.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
