import AgentExchange
import Foundation
import Logging

/// The program: `log-count`, and what its processes run.
@main
enum LogCount {
    /// Reads the arguments, runs the job, prints the summary, and exits with the status that ``Options/help`` explains.
    static func main() async {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .error
            return handler
        }
        // Writing to a process that has died is an error, not a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            exit(try await run(CommandLine.arguments.dropFirst()))
        } catch let error as UsageError {
            fail("\(error); see log-count --help", status: 2)
        } catch let error as UnreachableExchange {
            fail("\(error)", status: 3)
        } catch let error as Interruption {
            fail("interrupted", status: 128 + error.signal)
        } catch {
            fail("\(error)", status: 1)
        }
    }

    private static func run(_ arguments: ArraySlice<String>) async throws -> Int32 {
        if arguments.first == AgentCommand.name {
            try await AgentCommand.run()
            return 0
        }
        let options = try Options(arguments, environment: ProcessInfo.processInfo.environment)
        if options.showsHelp {
            print(Options.help)
            return 0
        }
        let summary = try await Job(options).run()
        print(summary.text)
        return summary.isRight ? 0 : 1
    }

    private static func fail(_ message: String, status: Int32) -> Never {
        try? FileHandle.standardError.write(contentsOf: Data("log-count: \(message)\n".utf8))
        exit(status)
    }
}
