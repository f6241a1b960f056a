import AMQP
import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    @Suite("The ten questions of an operator")
    struct Questions {
        /// The commands of the table in the pages, by question.
        private static func commands() throws -> [(question: String, arguments: [String])] {
            let repository = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { folder, _ in
                folder.deletingLastPathComponent()
            }
            let page = try String(
                contentsOf: repository.appendingPathComponent("docs/operations.md"),
                encoding: .utf8
            )
            return page.matches(of: /\n\| ([A-Z][a-z ]+\?) \| `warren ([^`]+)` \|/).map { match in
                (String(match.output.1), match.output.2.split(separator: " ").map(String.init))
            }
        }

        @Test("Each is answered by the command that the pages name")
        func answered() async throws {
            let scene = try await ToolScene()
            var tool = scene.tool
            tool.secret = nil
            tool.environment["WARREN_BROKER"] = scene.broker.amqpURL
            tool.environment["WARREN_MANAGEMENT"] = scene.broker.managementURL
            let (agent, id) = try await scene.agent("sleeper", "--name", "packer-1")
            let (dead, _) = try await scene.agent("sleeper", "--name", "packer-2")
            dead.signal(SIGKILL)
            try await scene.publish(MessageProperties(type: "order"), "jam", to: "mailboxes", key: "agent.\(id)")
            try await eventually("the message to be parked") {
                try await tool.run("parked", "list").output.contains("order")
            }
            let expected = [
                "Which agents are there?": "packer-2", "Which are behind?": "QUEUED",
                "Which callers wait for an agent?": "0 running",
                "Which agents died?": "packer-2", "Why?": "warren-protocol", "Since when?": "\"finished\"",
                "Which rights has a user?": "permissions", "Is anything missing?": "ok", "How fast?": "Warren.Sleeper",
                "How to replay?": "1",
            ]
            let commands = try Self.commands()
            #expect(commands.map(\.question).sorted() == expected.keys.sorted())
            for (question, arguments) in commands {
                let run = try await tool.run(arguments)
                let answer = try #require(expected[question])
                #expect(run.exit == .code(0) && run.output.contains(answer), "\(question) \(run.output) \(run.errors)")
            }
            try await agent.stop()
        }
    }
}
