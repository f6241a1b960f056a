import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension ToolTests {
    /// What the tool can say when it may ask the management plugin.
    @Suite("With the management plugin")
    struct Management {
        private struct Finding: Decodable {
            let subject: String
            let level: String
            let text: String
        }

        private struct Object: Decodable {
            let kind: String
            let wanted: String
            let state: String
        }

        private struct Mailbox: Decodable {
            let name: String?
            let queued: Int
            let oldestSeconds: Int?
        }

        private let scene: ToolScene
        private let tool: Tool

        init() async throws {
            scene = try await ToolScene()
            var tool = scene.tool
            tool.secret = nil
            tool.environment["WARREN_BROKER"] = scene.broker.amqpURL
            tool.environment["WARREN_MANAGEMENT"] = scene.broker.managementURL
            self.tool = tool
        }

        private func exchange(_ kind: MailboxKind) throws -> RabbitMQExchange {
            var configuration = RabbitMQConfiguration()
            configuration.mailboxKind = kind
            return try RabbitMQExchange(
                url: scene.broker.amqpURL,
                namespace: scene.namespace,
                configuration: configuration
            )
        }

        @Test("The age of the oldest message is told where the broker tells it: of classic queues")
        func oldest() async throws {
            let single = try await exchange(.single).makeUserClient(name: "ann")
            let replicated = try await exchange(.replicated).makeUserClient(name: "bob")
            for (client, name) in [(single, "single"), (replicated, "replicated")] {
                let agent = try await client.registerAgent(AgentType("Nobody"), name: name)
                try await client.send(.request(try Request(from: client.id, to: .agent(agent.agentID), .ping)))
            }
            // The plugin's figures are some seconds late.
            let mailboxes = try await eventually("the plugin tells", timeout: .seconds(30)) { () -> [Mailbox]? in
                let mailboxes = try await tool.run("mailboxes", "--json").json([Mailbox].self)
                return mailboxes.contains { $0.oldestSeconds != nil } ? mailboxes : nil
            }
            let age = try #require(mailboxes.first { $0.name == "single" }?.oldestSeconds)
            #expect((0...60).contains(age))
            let other = try #require(mailboxes.first { $0.name == "replicated" })
            #expect(other.queued == 1 && other.oldestSeconds == nil)
            #expect(try await tool.run("mailboxes").lines.first?.hasSuffix("CONSUMERS  OLDEST") == true)
            await single.close()
            await replicated.close()
        }

        @Test("Bindings are compared: of what all share by topology, of mailboxes by the doctor")
        func bindings() async throws {
            let (agent, id) = try await scene.agent("echo")
            let fine = try await tool.run("topology", "--json")
            #expect(fine.exit == .code(0))
            #expect(try fine.json([Object].self).allSatisfy { $0.state == "present" }, "\(fine.output)")
            #expect(try await failures().isEmpty)

            let prefix = "warren.\(scene.namespace)"
            try await unbind("\(prefix).agents", "\(prefix).directory", "#")
            let lost = try await tool.run("topology", "--json")
            #expect(lost.exit == .code(1))
            let missing = try lost.json([Object].self).filter { $0.state == "missing" }
            #expect(missing.map(\.kind) == ["binding"] && missing[0].wanted == "# -> \(prefix).directory")
            #expect(try await failures().first?.text.contains("\(prefix).agents # -> ") == true)

            // The next session makes it again.
            #expect(try await tool.run("ping", id).exit == .code(0))
            #expect(try await tool.run("topology").exit == .code(0))
            try await unbind("\(prefix).mailboxes", "\(prefix).agent.\(id)", "agent.\(id)")
            let unbound = try await failures()
            #expect(unbound.map(\.subject) == ["mailboxes"])
            #expect(unbound.first?.text.hasPrefix("1 of 1 mailboxes lack a binding") == true)
            try await agent.stop()
        }

        @Test("A plugin that refuses or is not there is one line and status 3, and a finding of the doctor")
        func refused() async throws {
            let (agent, _) = try await scene.agent("echo")
            try await agent.stop()
            let login = "http://guest:wr0ng@127.0.0.1:\(scene.broker.managementPort)"
            for url in [login, "http://127.0.0.1:1"] {
                var tool = tool
                tool.secret = "wr0ng"
                let run = try await tool.run("mailboxes", "--management", url)
                #expect(run.exit == .code(3) && run.errors.hasPrefix("warren: the management plugin at http://127"))
                #expect(run.errors.split(separator: "\n").count == 1)
                tool.environment["WARREN_MANAGEMENT"] = url
                let doctor = try await tool.run("doctor", "--json")
                #expect(doctor.exit == .code(3))
                let failures = try doctor.json([Finding].self).filter { $0.level == "fail" }
                #expect(failures.map(\.subject) == ["management"])
            }
            #expect(try await tool.run("mailboxes", "--management", "ftp://x").exit == .code(2))
        }

        private func failures() async throws -> [Finding] {
            try await tool.run("doctor", "--json").json([Finding].self).filter { $0.level == "fail" }
        }

        private func unbind(_ exchange: String, _ queue: String, _ key: String) async throws {
            try await scene.withChannel {
                try await $0.unbind(.queue(queue), from: exchange, routingKey: key, deadline: .after(.seconds(10)))
            }
        }
    }
}
