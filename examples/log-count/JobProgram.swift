import AgentExchange
import Foundation
import Logging

/// The job as a program: for `log-count`, and for any other program that offers it.
package struct JobProgram: Sendable {
    /// What the program is called in its messages.
    let name: String

    /// The arguments with which the program, started once more, becomes one of the agents.
    let agentCommand: [String]

    /// A program that calls itself with `agentCommand` to run an agent.
    package init(name: String, agentCommand: [String]) {
        self.name = name
        self.agentCommand = agentCommand
    }

    /// Logs errors only, and lets writing to a process that has died be an error instead of a signal.
    package func prepareProcess() {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .error
            return handler
        }
        signal(SIGPIPE, SIG_IGN)
    }

    /// Runs the job, or one of its agents.
    ///
    /// - Parameter arguments: Without the program's name.
    package func run(
        _ arguments: some Collection<String> & Sendable,
        environment: [String: String]
    ) async throws(JobEnd) -> JobResult {
        do {
            if Array(arguments) == agentCommand {
                try await AgentCommand.run()
                return JobResult(text: nil, isRight: true)
            }
            var options = try Options(arguments, environment: environment)
            options.agentCommand = agentCommand
            if options.showsHelp { return JobResult(text: Options.help, isRight: true) }
            return JobResult(try await Job(options).run())
        } catch let error as UsageError {
            throw JobEnd(text: "\(error); see \(name) --help", status: 2)
        } catch let error as UnreachableExchange {
            throw JobEnd(text: "\(error)", status: 3)
        } catch let error as Interruption {
            throw JobEnd(text: "interrupted", status: 128 + error.signal)
        } catch {
            throw JobEnd(text: "\(error)", status: 1)
        }
    }
}

/// Why there is no result.
package struct JobEnd: Error {
    /// One line for a person.
    package let text: String

    /// The exit status.
    package let status: Int32
}

/// What came out.
package struct JobResult: Sendable {
    /// What to print.
    package let text: String?

    /// Whether the agents' counts are those of a plain count.
    package let isRight: Bool

    /// The figures of the summary.
    package var figures: Figures?

    /// The figures of a summary; the names are stable.
    package struct Figures: Sendable, Encodable {
        let file: String
        let right: Bool
        let lines: Int
        let words: Int
        let terms: Int
        let chunks: Int
        let merged: Int
        let broughtTwice: Int
        let redelivered: Int
        let killed: Int
        let seconds: Double
    }

    init(text: String?, isRight: Bool) {
        self.text = text
        self.isRight = isRight
    }

    init(_ summary: Summary) {
        text = summary.text
        isRight = summary.isRight
        let outcome = summary.outcome
        figures = Figures(
            file: summary.path,
            right: summary.isRight,
            lines: outcome.tally.lines,
            words: outcome.tally.words,
            terms: outcome.tally.terms.count,
            chunks: outcome.chunks,
            merged: outcome.report.chunks,
            broughtTwice: outcome.report.repeats,
            redelivered: outcome.workers.reduce(0) { $0 + $1.redelivered },
            killed: summary.kills.values.reduce(0, +),
            seconds: (outcome.elapsed / .milliseconds(1)).rounded() / 1000
        )
    }
}
