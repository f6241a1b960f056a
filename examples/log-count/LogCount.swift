import Foundation
import Logging

/// The program `log-count`, and the processes of its agents.
@main
enum LogCount {
    /// The arguments with which the program, started once more, becomes one of the agents.
    static let agentCommand = ["agent"]

    /// Runs the job, or one of its agents, and exits with the status that `--help` explains.
    static func main() async {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .error
            return handler
        }
        // Writing to a process that has died is an error, not a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            exit(try await run(Array(CommandLine.arguments.dropFirst())) ? 0 : 1)
        } catch let error as UsageError {
            end("\(error); see log-count --help", status: 2)
        } catch let error as UnreachableExchange {
            end("\(error)", status: 3)
        } catch let error as Interruption {
            end("interrupted", status: 128 + error.signal)
        } catch {
            end("\(error)", status: 1)
        }
    }

    /// - Returns: Whether the agents' counts are those of a plain count.
    private static func run(_ arguments: [String]) async throws -> Bool {
        if arguments == agentCommand {
            try await AgentCommand.run()
            return true
        }
        let options = try Options(arguments, environment: ProcessInfo.processInfo.environment)
        if options.showsHelp {
            print(Options.help)
            return true
        }
        let summary = try await Job(options).run()
        print(summary.text)
        return summary.isRight
    }

    private static func end(_ text: String, status: Int32) -> Never {
        try? FileHandle.standardError.write(contentsOf: Data("log-count: \(text)\n".utf8))
        exit(status)
    }
}
