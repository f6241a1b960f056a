import Foundation
import LogCountJob

/// The program: `log-count`, and what its processes run.
@main
enum LogCount {
    /// Reads the arguments, runs the job, prints the summary, and exits with the status that `--help` explains.
    static func main() async {
        let program = JobProgram(name: "log-count", agentCommand: ["agent"])
        program.prepareProcess()
        do {
            let result = try await program.run(
                CommandLine.arguments.dropFirst(),
                environment: ProcessInfo.processInfo.environment
            )
            if let text = result.text { print(text) }
            exit(result.isRight ? 0 : 1)
        } catch {
            try? FileHandle.standardError.write(contentsOf: Data("log-count: \(error.text)\n".utf8))
            exit(error.status)
        }
    }
}
