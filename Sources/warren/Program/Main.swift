import ArgumentParser
import Foundation
import Logging

/// The program. Its exit statuses are ``ExitStatus``.
@main
enum Main {
    static func main() async {
        // Writing to a closed reader is an error, not a signal.
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        let environment = ProcessInfo.processInfo.environment
        let level = environment["WARREN_LOG"].flatMap(Logger.Level.init(rawValue:)) ?? .critical
        let isCompletion = arguments.first == "---completion"
        LoggingSystem.bootstrap { label in
            // A shell shows the standard error of a completion.
            guard !isCompletion else { return SwiftLogNoOpLogHandler() }
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        exit(await run(arguments))
    }

    private static func run(_ arguments: [String]) async -> Int32 {
        let command: any ParsableCommand
        do {
            command = try await Warren.asyncParseAsRoot(arguments)
        } catch {
            return report(parsing: error, arguments)
        }
        guard let command = command as? any ToolCommand else { return await explain(command, arguments) }
        do {
            try await command.perform()
            return ExitStatus.done
        } catch is ReaderGone {
            return ExitStatus.done
        } catch let failure as CommandFailure {
            report(failure, asJSON: command.json)
            return failure.status
        } catch let error as Interrupted {
            return 128 + error.signal
        } catch let error as ExitCode {
            return error.rawValue
        } catch {
            if error is ValidationError || error is CleanExit { return report(parsing: error, arguments) }
            let failure = CommandFailure(error)
            report(failure, asJSON: command.json)
            return failure.status
        }
    }

    /// Runs a command outside of the tool's own: the library's help, or a command that only has subcommands.
    private static func explain(_ command: any ParsableCommand, _ arguments: [String]) async -> Int32 {
        do {
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
            return ExitStatus.done
        } catch {
            return report(parsing: error, arguments)
        }
    }

    /// Prints help and completions on standard output, and faulty arguments as one line, in JSON with `--json`.
    private static func report(parsing error: any Error, _ arguments: [String]) -> Int32 {
        guard Warren.exitCode(for: error) != .success else {
            try? Console.write(Warren.fullMessage(for: error) + "\n", to: STDOUT_FILENO)
            return ExitStatus.done
        }
        let message = Warren.message(for: error).split(separator: "\n").first.map(String.init) ?? "wrong usage"
        let failure = CommandFailure("\(message) (see warren --help)", code: "usage", status: ExitStatus.usage)
        report(failure, asJSON: arguments.prefix { $0 != "--" }.contains("--json"))
        return failure.status
    }

    private static func report(_ failure: CommandFailure, asJSON: Bool) {
        guard !failure.isReported else { return }
        let line = asJSON ? JSONLine.text(failure.report) : "warren: \(failure.message.oneLine)"
        try? Console.write(line + "\n", to: STDERR_FILENO)
    }
}
