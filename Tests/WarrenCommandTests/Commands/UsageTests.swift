import ExchangeTestKit
import Foundation
import Testing

@Suite("The tool without a broker")
struct UsageTests {
    private static let commands = [
        "register", "agent", "agents", "status", "ping", "call", "terminate", "mailboxes", "dead-letters",
        "parked",
        "topology", "doctor", "namespace", "conformance", "bench", "top", "new",
    ]

    @Test(
        "Wrong usage is one line and status 2",
        arguments: [
            ["bogus"], ["call"], ["call", "x", "y", "hello"], ["ping", "x", "--interval", "5d"], ["parked", "show"],
            ["agents", "--broker", "http://u:s3cr3t@x"], ["agents", "--namespace", "a.b"], ["agent", "clown"],
            ["agent", "echo", "--standby"], ["agent", "echo", "--adopt"], ["register", "x"],
            ["bench", "--seconds", "0"], ["topology", "--format", "x"],
            ["conformance", "--subject", "none"], ["top"], ["top", "--sort", "x"], ["exporter", "--deadline", "0s"],
            ["dashboard", "--listen", "0.0.0.0:0"], ["dashboard", "--host", "https://ops.example"],
            ["dashboard", "--host", "ops.example:443"], ["dashboard", "--token-file", "/nowhere"],
        ]
    )
    func wrongUsage(arguments: [String]) async throws {
        let run = try await Tool(secret: "s3cr3t").run(arguments)
        #expect(run.exit == .code(2))
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("warren: ") && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }

    @Test(
        "Wrong usage is JSON with --json",
        arguments: [
            ["bogus"], ["call", "x", "y", "hello"], ["parked", "show"], ["parked"], ["agents", "--namespace", "a.b"],
            ["agent", "echo", "--standby"], ["namespace", "remove"], ["namespace", "remove", "a", "--namespace", "b"],
        ]
    )
    func wrongUsageAsJSON(arguments: [String]) async throws {
        let run = try await Tool().run(arguments + ["--json"])
        #expect(run.exit == .code(2) && run.output.isEmpty)
        let report = try JSONDecoder().decode(ErrorJSON.self, from: Data(run.errors.utf8))
        #expect(["usage", "invalid-configuration"].contains(report.error.code), "\(run.errors)")
    }

    @Test(
        "A broker that can't be reached is one line and status 3",
        arguments: commands.filter { !["parked", "namespace", "new"].contains($0) }
    )
    func unreachable(command: String) async throws {
        var tool = Tool(secret: "s3cr3t")
        tool.environment["WARREN_BROKER"] = "amqp://u:s3cr3t@127.0.0.1:1"
        var arguments = [command]
        switch command {
        case "agent": arguments.append("echo")
        case "register": arguments += ["x", "--type", "X"]
        case "status", "ping", "terminate": arguments.append(UUID().uuidString)
        case "call": arguments += [UUID().uuidString, "echo"]
        case "top": arguments += ["--management", "http://127.0.0.1:1"]
        default: break
        }
        let run = try await tool.run(arguments)
        #expect(run.exit == .code(3), "\(run.errors)")
        if command == "doctor" {
            #expect(run.output.hasPrefix("fail  address "))
        } else {
            #expect(run.errors.contains("127.0.0.1:1"))
            #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
        }
    }

    @Test("An error is JSON where the output is")
    func jsonError() async throws {
        let run = try await Tool().run("agents", "--json", "--broker", "amqp://u:p@127.0.0.1:1")
        let report = try JSONDecoder().decode(ErrorJSON.self, from: Data(run.errors.utf8))
        #expect(report.error.code == "connection-lost")
    }

    @Test("Each command explains itself with an example", arguments: commands)
    func help(command: String) async throws {
        let run = try await Tool().run(command, "--help")
        #expect(run.exit == .code(0))
        #expect(run.output.contains("EXAMPLE\n  warren \(command)"))
        #expect(run.output.contains("--broker") || ["parked", "namespace", "topology", "new"].contains(command))
    }

    @Test("Completions are there for each shell", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) async throws {
        let run = try await Tool().run("--generate-completion-script", shell)
        #expect(run.exit == .code(0) && run.output.contains("dead-letters"))
    }

    @Test("Permissions are printed as commands")
    func permissions() async throws {
        let run = try await Tool().run("topology", "--format", "permissions", "--user", "o'ann", "--namespace", "prod")
        #expect(run.exit == .code(0))
        #expect(run.lines.first == "# agent-service")
        let operatorLine =
            #"rabbitmqctl set_permissions -p '/' 'o'\''ann' "#
            + "'^warren\\.prod\\..*$' '^warren\\.prod\\..*$' '^warren\\.prod\\..*$'"
        #expect(run.lines.last == operatorLine)
        for arguments in [["--format", "permissions"], ["--user", "ann"]] {
            #expect(try await Tool().run(["topology"] + arguments).exit == .code(2))
        }
    }

    @Test("On a terminal a level has its color, with NO_COLOR and in a pipe it has none")
    func colors() async throws {
        let program = try ProductsDirectory.executable("warren")
        let script = "script -qec \"'\(program)' doctor --broker amqp://127.0.0.1:1\" /dev/null; true"
        let colored = "\u{1B}[31mfail\u{1B}[0m  address"
        for (variable, isColored) in [("", true), ("1", false)] {
            let environment = ["NO_COLOR": variable, "TERM": "xterm"]
            let output = try await ChildProcess.run("/bin/sh", ["-c", script], environment: environment)
            #expect(output.contains(colored) == isColored, "\(output)")
            #expect(isColored || !output.contains("\u{1B}"), "\(output)")
        }
        var tool = Tool()
        tool.environment.merge(["NO_COLOR": "", "TERM": "xterm"]) { $1 }
        let piped = try await tool.run("doctor", "--broker", "amqp://127.0.0.1:1")
        #expect(piped.output.hasPrefix("fail  address"))
    }

    @Test("A reader that stops ends the tool quietly")
    func readerGone() async throws {
        let program = try ProductsDirectory.executable("warren")
        let script = "'\(program)' --help 2>&1 >/dev/full; '\(program)' --help | head -c 0; echo ${PIPESTATUS[0]}"
        let output = try await ChildProcess.run("/bin/bash", ["-c", script])
        #expect(output == "0")
    }
}
