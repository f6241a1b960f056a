import ExchangeTestKit
import Testing

/// The program that `make demo` runs.
@Suite("The demo")
struct LogCountTests {
    @Test("counts right without a broker, with one agent killed")
    func local() async throws {
        #expect(try await last("--exchange", "local", #filePath) == "right: both counts are equal")
    }

    @Test(
        "counts right over a broker, with one process killed",
        .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
    )
    func broker() async throws {
        let broker = try await PrivateBroker.shared()
        #expect(
            try await last("--chunk", "5", #filePath, environment: ["WARREN_BROKER": broker.amqpURL])
                == "right: both counts are equal"
        )
    }

    @Test("A broker that is not there, a wrong option: one line, and status 3 or 2")
    func failures() async throws {
        for (arguments, status) in [(["--broker", "amqp://127.0.0.1:1"], 3), (["--workers", "0"], 2)] {
            let child = try ChildProcess(try ProductsDirectory.executable("log-count"), arguments)
            child.closeInput()
            #expect(try await child.waitForExit(timeout: .seconds(30)) == .code(Int32(status)))
            let errors = try await child.remainingErrors()
            #expect(errors.hasPrefix("log-count: ") && errors.split(separator: "\n").count == 1, "\(errors)")
        }
    }

    /// Runs the program to its end and returns the last line that it prints.
    private func last(_ arguments: String..., environment: [String: String] = [:]) async throws -> String? {
        let program = try ProductsDirectory.executable("log-count")
        let output = try await ChildProcess.run(
            program,
            arguments,
            environment: environment,
            timeout: .seconds(60)
        )
        return output.split(separator: "\n").last.map(String.init)
    }
}
