import AgentExchange
import Foundation
import RabbitMQExchange
import WorkerRuntime

/// A process with a worker of a shared type, for the tests that kill it.
///
/// It reads a factory as JSON from a line of its standard input, and runs until that ends. Its argument is the name of the agent
/// type, which has 8 slots. It answers each request with its process id; `hold` never ends.
@main
struct WorkerProcess {
    struct Ask: Codable, Sendable {
        var text: String
    }

    struct Answer: Codable, Sendable {
        var text: String
    }

    struct Agent: WorkerAgent {
        static let handlers = Handlers<Agent> {
            $0.onRequest(Ask.self) { _, ask, _ in
                if ask.text == "hold" {
                    WorkerProcess.say("holds")
                    try await Task.sleep(for: .seconds(3600))
                }
                return Answer(text: "\(ProcessInfo.processInfo.processIdentifier)")
            }
        }
    }

    static func main() async throws {
        let exchange = try JSONDecoder().decode(RabbitMQExchange.self, from: Data((readLine() ?? "").utf8))
        let workers = try await WorkerRuntime(on: exchange)
        let options = AgentTypeOptions(sharing: .shared(slots: 8))
        try await workers.register(CommandLine.arguments.last ?? "", options: options) { _ in Agent() }
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
