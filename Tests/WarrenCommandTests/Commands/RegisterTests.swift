import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    @Suite("Registering")
    struct Registering {
        @Test("Registering prints one id, however often and by however many at a time; another type is refused")
        func register() async throws {
            let scene = try await ToolScene()
            let tool = scene.tool
            async let left = tool.run("register", "bank", "--type", "Firm", "--type", "Bank")
            async let right = tool.run("register", "bank", "--type", "Firm", "--type", "Bank", "--json")
            let (one, two) = try await (left, right)
            #expect(one.exit == .code(0) && two.exit == .code(0), "\(one.errors)\(two.errors)")
            let agent = try two.json(AgentJSON.self)
            #expect(agent == AgentJSON(id: one.output, name: "bank", type: "Bank", lineage: ["Agent", "Firm", "Bank"]))
            #expect(try await tool.run("register", "bank", "--type", "Bank").output == agent.id)
            #expect(try await tool.run("agents", "--type", "Firm", "--json").json([AgentJSON].self) == [agent])

            let wrong = try await tool.run("register", "bank", "--type", "Shop", "--json")
            #expect(wrong.exit == .code(1) && wrong.output.isEmpty)
            let report = try JSONDecoder().decode(ErrorJSON.self, from: Data(wrong.errors.utf8))
            #expect(report.error.code == "name-in-use")

            #expect(try await tool.run("terminate", "bank").exit == .code(0))
            let next = try await tool.run("register", "bank", "--type", "Bank").output
            #expect(next != agent.id)
            #expect(try await tool.run("agents", "--json").json([AgentJSON].self).map(\.id) == [next])
        }

        @Test("An agent that is adopted finds its mailbox after a restart, and stands by behind its replica")
        func adopt() async throws {
            let scene = try await ToolScene()
            let arguments = ["agent", "counter", "--name", "hits", "--adopt", "--standby"]
            let program = try ProductsDirectory.executable("warren")
            let replicas = try (0..<2).map { _ in
                try ChildProcess(program, arguments, environment: scene.tool.environment)
            }
            var ids: [String?] = []
            for replica in replicas { ids.append(try await replica.nextLine(timeout: .seconds(60))) }
            #expect(ids[0] != nil && ids[0] == ids[1], "\(replicas.map(\.standardError))")
            #expect(try await scene.tool.run("call", "hits", "add", "5").output == "5")
            for replica in replicas {
                replica.signal(SIGTERM)
                #expect(try await replica.waitForExit(timeout: .seconds(60)) == .code(0))
            }
            let id = try #require(ids[0])
            let (again, found) = try await scene.agent("counter", "--name", "hits", "--adopt")
            #expect(found == id)
            #expect(try await scene.tool.run("call", "hits", "add", "1").output == "1")
            try await again.stop()
            #expect(try await scene.tool.run("status", "hits").exit == .code(0))
        }

        @Test("What is started before its broker waits for it as long as it was told")
        func waiting() async throws {
            var tool = Tool(secret: "s3cr3t")
            tool.environment["WARREN_BROKER"] = "amqp://u:s3cr3t@127.0.0.1:1"
            tool.environment["WARREN_LOG"] = "warning"
            for arguments in [
                ["register", "x", "--type", "X"], ["agent", "echo"], ["dead-letters", "--serve"],
            ] {
                let run = try await tool.run(arguments + ["--wait", "600ms"])
                #expect(run.exit == .code(3))
                #expect(run.errors.contains("the broker can't be reached yet; it is tried again"), "\(run.errors)")
            }
        }
    }
}
