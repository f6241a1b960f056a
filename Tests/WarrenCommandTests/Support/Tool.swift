import ExchangeTestKit
import Foundation
import Testing

/// The tool as a user runs it: a process with arguments and an environment.
struct Tool: Sendable {
    /// The variables that it gets; an empty value removes one.
    var environment: [String: String] = ["WARREN_BROKER": "", "WARREN_NAMESPACE": "", "COLUMNS": "", "WARREN_LOG": ""]

    /// What no output may contain.
    var secret: String?

    /// What a run of the tool left.
    struct Run: Sendable {
        let output: String
        let errors: String
        let exit: ChildExit

        var lines: [String] { output.split(separator: "\n").map(String.init) }

        /// The output as JSON.
        func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            try JSONDecoder().decode(type, from: Data(output.utf8))
        }
    }

    /// Runs the tool to its end.
    func run(_ arguments: String..., timeout: Duration = .seconds(60)) async throws -> Run {
        try await run(arguments, timeout: timeout)
    }

    /// Runs the tool to its end, in the working directory of the tests or in another.
    func run(_ arguments: [String], in folder: String = ".", timeout: Duration = .seconds(60)) async throws -> Run {
        let directory = FileManager.default.temporaryDirectory
        let errors = directory.appendingPathComponent("warren-\(UUID().uuidString).txt")
        defer { try? FileManager.default.removeItem(at: errors) }
        let child = try ChildProcess(
            "/bin/sh",
            ["-c", "cd \"$FOLDER\"; exec \"$0\" \"$@\" 2>\"$ERRORS\"", try ProductsDirectory.executable("warren")]
                + arguments,
            environment: environment.merging(["ERRORS": errors.path, "FOLDER": folder]) { $1 }
        )
        child.closeInput()
        let output = try await child.remainingOutput(timeout: timeout)
        let exit = try await child.waitForExit(timeout: timeout)
        let run = Run(output: output, errors: try String(contentsOf: errors, encoding: .utf8), exit: exit)
        if let secret {
            #expect(!run.output.contains(secret) && !run.errors.contains(secret), "the password is in the output")
        }
        return run
    }

    /// Starts the tool, to go on until it is stopped.
    func start(_ arguments: String...) throws -> ChildProcess {
        try ChildProcess(try ProductsDirectory.executable("warren"), arguments, environment: environment)
    }
}
