import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    @Suite("Completions")
    struct Completions {
        @Test("A shell offers the names of agents, and nothing where the broker can't be reached")
        func agents() async throws {
            let scene = try await ToolScene()
            var tool = scene.tool
            tool.environment["WARREN_LOG"] = "debug"
            // The machine may be busy.
            tool.environment["WARREN_COMPLETION_DEADLINE"] = "60s"
            for name in ["till-1", "till-2", "$(touch x)"] {
                #expect(try await tool.run("register", name, "--type", "Till").exit == .code(0))
            }
            for command in [["call"], ["ping"], ["status"], ["terminate"], ["peers"]] {
                let run = try await tool.run(
                    ["---completion"] + command + ["--", "positional@0", "2", "2", "warren"] + command + ["ti"]
                )
                #expect(run.exit == .code(0) && run.errors.isEmpty, "\(run.errors)")
                #expect(run.lines == ["till-1", "till-2"], "\(run.output)")
            }
            tool.environment["WARREN_BROKER"] = "amqp://u:p@127.0.0.1:1"
            let nothing = try await tool.run(
                "---completion",
                "call",
                "--",
                "positional@0",
                "2",
                "0",
                "warren",
                "call",
                ""
            )
            #expect(nothing.exit == .code(0) && nothing.errors.isEmpty && nothing.lines.isEmpty)
        }

        @Test("A broker that does not answer does not hold a shell")
        func silent() async throws {
            // Takes connections and says nothing.
            let script =
                "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); "
                + "print(s.getsockname()[1], flush=True); input()"
            let listener = try ChildProcess("/usr/bin/env", ["python3", "-c", script])
            let port = try #require(try await listener.nextLine())
            var tool = Tool()
            tool.environment["WARREN_BROKER"] = "amqp://u:p@127.0.0.1:\(port)"
            let start = ContinuousClock.now
            let run = try await tool.run("---completion", "ping", "--", "positional@0", "2", "0", "warren", "ping", "")
            #expect(run.exit == .code(0) && run.errors.isEmpty && run.output.isEmpty)
            // The deadline is 1.5 s; the machine may be busy, and a connection takes 10 s to fail.
            #expect(start.duration(to: .now) < .seconds(8))
            try await listener.stop()
        }
    }
}
