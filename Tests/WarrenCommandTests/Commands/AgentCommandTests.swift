import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    @Suite("Agents")
    struct Agents {
        @Test("An agent is found, called, looked at, and gone after SIGTERM")
        func life() async throws {
            let scene = try await ToolScene()
            let tool = scene.tool
            #expect(try await tool.run("agents").output == "ID  NAME  TYPE")
            let (agent, id) = try await scene.agent("counter", "--name", "hits")
            #expect(
                try await tool.run("agents").lines == [
                    "ID                                    NAME  TYPE", "\(id)  hits  Warren.Counter",
                ]
            )
            let found: [AgentJSON] = try await tool.run("agents", "--type", "Warren.BuiltIn", "--json").json()
            let lineage = ["Agent", "Warren.BuiltIn", "Warren.Counter"]
            #expect(found == [AgentJSON(id: id, name: "hits", type: "Warren.Counter", lineage: lineage)])
            #expect(try await tool.run("agents", "--type", "Warren.BuiltIn", "--exact", "--json").output == "[]")

            #expect(try await tool.run("call", "hits", "add", "5").output == "5")
            #expect(try await tool.run("call", id, "add", "--", "-2").output == "3")
            #expect(try await tool.run("call", id.uppercased(), "total").output == "3")
            let ping = try await tool.run("ping", "hits", "--count", "2", "--interval", "10ms")
            #expect(ping.lines.last == "2 of 2 answered" && ping.exit == .code(0))

            #expect(
                try await tool.run("status", "hits").lines == [
                    "TYPE            NAME  ID                                    STATE   QUEUED  DIRECT  CONSUMERS",
                    "Warren.Counter  hits  \(id)  active       0       -          1",
                ]
            )
            let mailboxes: [MailboxJSON] = try await tool.run("mailboxes", "--json").json()
            #expect(mailboxes.first { $0.id == id }?.consumers == 1)

            agent.signal(SIGTERM)
            #expect(try await agent.waitForExit() == .code(0))
            let after = try await tool.run("status", id, "--json")
            #expect(after.exit == .code(1))
            #expect(try after.json([MailboxJSON].self).map(\.state) == ["terminated"])
        }

        @Test("Actions of the built-in agents: results, errors, streams, deadlines")
        func actions() async throws {
            let scene = try await ToolScene()
            let tool = scene.tool
            let (echo, _) = try await scene.agent("echo", "--name", "e")
            let (sleeper, _) = try await scene.agent("sleeper", "--name", "s")
            #expect(try await tool.run("call", "e", "echo", #"{"a":[1,"ü"]}"#).output == #"{"a":[1,"ü"]}"#)
            let failure = try await tool.run("call", "e", "fail", #""no luck""#)
            #expect(failure.exit == .code(1))
            #expect(failure.errors == "warren: Warren.Failed: no luck [agent:e]\n")
            #expect(try await tool.run("call", "e", "nothing").exit == .code(1))
            let parts = try await tool.run("call", "e", "stream", "40", "--stream")
            #expect(parts.lines == (0..<40).map(String.init))
            #expect(try await tool.run("call", "s", "sleep", "0.01").output == "0.01")
            let late = try await tool.run("call", "s", "sleep", "600", "--deadline", "300ms", "--json")
            #expect(late.exit == .code(1))
            let report = try JSONDecoder().decode(ErrorJSON.self, from: Data(late.errors.utf8))
            #expect(report.error.code == "deadline-exceeded")
            try await echo.stop()
            try await sleeper.stop()
        }

        @Test("Numbers, texts and depth pass unchanged through the tool and the echo agent, at once")
        func unchanged() async throws {
            let scene = try await ToolScene()
            let tool = scene.tool
            let (echo, id) = try await scene.agent("echo", "--name", "e")
            let values = [
                "18446744073709551615", "-9223372036854775809", "0.1234567890123456789012345", "1.50", "1e400",
                #""\u00e9\/""#, #"{"b":1.0,"a":[]}"#,
            ]
            for value in values {
                #expect(try await tool.run("call", "e", "echo", "--", value).output == value)
                let json = try await tool.run("call", "e", "echo", "--json", "--", value).output
                #expect(json.hasPrefix("{\"action\":\"echo\",\"id\":\"\(id)\",\"milliseconds\":"))
                #expect(json.hasSuffix("\"result\":\(value)}"))
            }
            #expect(try await tool.run("call", "e", "echo", "[1,\n2]", "--json").lines.count == 1)

            // What took 2.3 s in the agent: each level was tried as each type.
            let nested = String(repeating: "[", count: 505) + String(repeating: "]", count: 505)
            let json = try await tool.run("call", "e", "echo", nested, "--json").output
            let part = try #require(json.split(separator: "\"milliseconds\":").last?.split(separator: ",").first)
            #expect(json.hasSuffix("\"result\":\(nested)}"))
            #expect(try #require(Double(part)) < 2000)
            try await echo.stop()
        }

        @Test("On SIGTERM what runs is finished and answered; after the grace period it is cancelled, and answered")
        func grace() async throws {
            let scene = try await ToolScene()
            for (grace, seconds, status) in [("30s", "6", Int32(0)), ("100ms", "600", 1)] {
                let (sleeper, id) = try await scene.agent("sleeper", "--grace", grace)
                let call = try scene.tool.start("call", id, "sleep", seconds)
                try await eventually("the request is taken") {
                    let queues = try await scene.broker.management.queues()
                    return queues.first { $0.name.hasSuffix(id) }?.unacknowledged == 1
                }
                sleeper.signal(SIGTERM)
                #expect(try await call.waitForExit() == .code(status))
                if status == 0 { #expect(try await call.remainingOutput() == seconds) }
                #expect(try await sleeper.waitForExit() == .code(0))
            }
        }

        @Test("A name that two agents have, or none, is refused")
        func names() async throws {
            let scene = try await ToolScene()
            let (one, first) = try await scene.agent("echo", "--name", "twin")
            let (two, second) = try await scene.agent("echo", "--name", "twin")
            let ambiguous = try await scene.tool.run("status", "twin")
            #expect(ambiguous.exit == .code(1))
            #expect(ambiguous.errors == "warren: 2 agents are called twin: \(first), \(second)\n")
            let missing = try await scene.tool.run("call", "nobody", "echo")
            #expect(missing.exit == .code(1) && missing.errors == "warren: no agent is called nobody\n")
            try await one.stop()
            try await two.stop()
        }

        @Test("A standby takes over when the agent is killed; terminating ends it")
        func standby() async throws {
            let scene = try await ToolScene()
            let (first, id) = try await scene.agent("counter", "--keep")
            let (second, _) = try await scene.agent("counter", "--id", id, "--standby")
            try await eventually("it stands by", value: { second.standardError }) {
                $0.contains("warren: standing by for \(id)")
            }
            #expect(try await scene.tool.run("call", id, "add", "3").output == "3")
            #expect(!second.standardError.contains("warren: active"))
            let refused = try await scene.tool.run("agent", "counter", "--id", id)
            #expect(refused.exit == .code(1) && refused.errors.split(separator: "\n").count == 1)
            first.signal(SIGKILL)
            try await first.waitForExit()
            try await eventually("it took over", value: { second.standardError }) { $0.contains("warren: active") }
            #expect(try await scene.tool.run("call", id, "add", "1").output == "1")
            #expect(try await scene.tool.run("terminate", id).output == "\(id)  terminated")
            #expect(try await second.waitForExit() == .code(0))
            #expect(try await scene.tool.run("terminate", id).output == "\(id)  was terminated before")
            #expect(try await scene.tool.run("terminate", UUID().uuidString).exit == .code(1))
        }

        @Test("Watching tells who is there, who comes and who goes, until SIGTERM")
        func watch() async throws {
            let scene = try await ToolScene()
            let (one, first) = try await scene.agent("echo", "--name", "one")
            let watcher = try scene.tool.start("agents", "--watch")
            #expect(try await watcher.nextLine() == "present     \(first)  one  Warren.Echo")
            let (two, second) = try await scene.agent("counter")
            #expect(try await watcher.nextLine() == "registered  \(second)  -  Warren.Counter")
            try await one.stop()
            #expect(try await watcher.nextLine() == "terminated  \(first)  one  Warren.Echo")
            #expect(try await watcher.stop() == .code(0))
            try await two.stop()
        }
    }
}
