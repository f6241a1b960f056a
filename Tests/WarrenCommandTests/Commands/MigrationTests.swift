import AMQP
import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    @Suite("What older versions made")
    struct Migration {
        private struct Finding: Decodable {
            let subject: String
            let level: String
            let text: String
            let recoverySuggestion: String?
        }

        private struct Report: Decodable {
            let moved: Int
            let olderSessions: Int
            let policy: String?
        }

        @Test("The doctor names it, and topology migrate moves it while an agent runs")
        func migrate() async throws {
            let scene = try await ToolScene()
            var tool = scene.tool
            tool.secret = nil
            tool.environment["WARREN_BROKER"] = scene.broker.amqpURL
            tool.environment["WARREN_MANAGEMENT"] = scene.broker.managementURL
            let (agent, id) = try await scene.agent("echo")
            let prefix = "warren.\(scene.namespace)."
            let mailbox = "\(prefix)agent.\(UUID().uuidString.lowercased())"
            try await scene.withChannel { channel in
                let limit = Deadline.after(.seconds(10))
                let older = QueueDeclaration(name: prefix + "dead-letters", arguments: ["x-queue-type": "quorum"])
                try await channel.declareQueue(older, deadline: limit)
                try await channel.bind(
                    .queue(older.name),
                    to: prefix + "dead-letters",
                    routingKey: "dead-letter",
                    deadline: limit
                )
                let arguments: FieldTable = [
                    "x-queue-type": "quorum", "x-delivery-limit": 20, "x-single-active-consumer": true,
                    "x-dead-letter-exchange": .string(prefix + "dead-letters"),
                    "x-dead-letter-routing-key": "dead-letter",
                ]
                try await channel.declareQueue(.init(name: mailbox, arguments: arguments), deadline: limit)
            }
            func topology() async throws -> Finding? {
                try await tool.run("doctor", "--json").json([Finding].self).first { $0.subject == "topology" }
            }
            let before = try await topology()
            #expect(before?.level == "warn" && before?.text.contains(prefix + "dead-letters") == true)
            #expect(before?.recoverySuggestion?.hasPrefix("warren topology migrate") == true)

            let run = try await tool.run("topology", "migrate", "--json")
            #expect(run.exit == .code(0), "\(run.output)\(run.errors)")
            let report = try run.json(Report.self)
            #expect(report.olderSessions == 0 && report.policy == "warren.\(scene.namespace).mailboxes")
            #expect(try await scene.broker.management.queue(prefix + "dead-letters") == nil)
            #expect(try await scene.broker.management.queue(mailbox)?.policy == report.policy)
            // The plugin's figures are some seconds late.
            try await eventually("nothing of an older version", timeout: .seconds(30)) {
                try await topology()?.level == "ok"
            }
            #expect(try await tool.run("topology").lines.allSatisfy { !$0.contains(" older") })
            #expect(try await tool.run("call", id, "echo", "1").output == "1")
            try await agent.stop()
        }

        @Test("Without the management plugin the command for the policy is printed")
        func command() async throws {
            let scene = try await ToolScene()
            let run = try await scene.tool.run("topology", "migrate")
            #expect(run.exit == .code(0), "\(run.errors)")
            let command = run.lines.last ?? ""
            #expect(command.contains("rabbitmqctl set_policy") && command.contains("at-least-once"))
        }
    }
}
