import ArgumentParser
import Foundation
import LogCountJob

/// `warren demo`.
struct DemoCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Counts the lines of a file with agents, kills one half way, and checks the result.",
        discussion: """
            A coordinator finds workers by their type, each a process of its own, and shares the file out among them. Half \
            way one worker is killed and started again; what it had not answered is delivered again. In the end the result \
            is compared with a plain count. The namespace is log-count unless --namespace is given.

            EXAMPLE
              warren demo --workers 4 /var/log/dpkg.log
            """
    )

    // The signals are the job's own.
    static let isCancelledBySignals = false

    @OptionGroup var options: CommonOptions

    @Option(help: "How many workers count, 1 to 64.")
    var workers = 3

    @Option(help: "How many lines a request carries.")
    var chunk = 100

    @Flag(help: "Kill nobody.")
    var noKill = false

    @Flag(help: "All agents in this process, without a broker.")
    var local = false

    @Argument(help: "What to count.", completion: .file())
    var file: String?

    private static let program = JobProgram(name: "warren demo", agentCommand: Main.demoAgent)

    /// What the processes of the agents run.
    static func runAgent() async -> Int32 {
        program.prepareProcess()
        do {
            _ = try await program.run(Main.demoAgent, environment: ProcessInfo.processInfo.environment)
            return ExitStatus.done
        } catch {
            return error.status
        }
    }

    func execute(_ console: Console) async throws {
        var arguments = ["--exchange", local ? "local" : "rabbitmq", "--broker", options.brokerURL]
        if let namespace = options.namespace { arguments += ["--namespace", namespace] }
        arguments += ["--workers", "\(workers)", "--chunk", "\(chunk)"]
        if noKill { arguments.append("--no-kill") }
        if let file { arguments += ["--", file] }
        let result: JobResult
        do {
            result = try await Self.program.run(arguments, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw CommandFailure(error.text, code: "failed", status: error.status)
        }
        if console.json, let figures = result.figures {
            try console.object(figures)
        } else if let text = result.text {
            try console.raw(text)
        }
        if !result.isRight { throw CommandFailure.told }
    }
}
