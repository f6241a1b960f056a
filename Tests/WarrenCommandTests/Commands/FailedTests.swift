import AMQP
import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    @Suite("warren failed")
    struct FailedCommandTests {
        @Test("Failed requests are listed, shown, sent again, exported and dropped")
        func commands() async throws {
            let scene = try await ToolScene()
            let tool = scene.tool
            let (agent, id) = try await scene.agent("echo")
            #expect(try await tool.run("failed", "list", "--json").output == "[]")
            try await scene.withChannel { channel in
                let limit = Deadline.after(.seconds(10))
                let queue = "warren.\(scene.namespace).failed"
                let arguments: FieldTable = ["x-queue-type": "quorum", "x-delivery-limit": .int64(1 << 30)]
                _ = try await channel.declareQueue(
                    QueueDeclaration(name: queue, arguments: arguments),
                    deadline: limit
                )
                let exchange = "warren.\(scene.namespace).dead-letters"
                try await channel.bind(.queue(queue), to: exchange, routingKey: "failed", deadline: limit)
            }
            let tags = [UUID(), UUID()].map { $0.uuidString.lowercased() }
            for (number, action) in ["echo", "no-such-action"].enumerated() {
                let properties = MessageProperties(
                    contentType: "application/json",
                    headers: [
                        "warren-protocol": "1.1", "warren-action": .string(action),
                        "warren-source": .string("user:\(UUID().uuidString.lowercased())"),
                        "warren-destination": .string("agent:\(id.lowercased())"),
                        "warren-error-code": "remote",
                        "warren-detail": .string("broken \(number)"), "warren-reason": "request-failed",
                    ],
                    correlationID: tags[number],
                    messageID: "message-\(number)",
                    type: "action-request"
                )
                try await scene.publish(
                    properties,
                    #"{"positional":["hello"]}"#,
                    to: "dead-letters",
                    key: "failed"
                )
            }
            let list = try await tool.run("failed", "list")
            #expect(list.lines.count == 3 && list.output.contains("broken 1"), "\(list.output)")
            #expect(
                try await tool.run("failed", "list", "--action", "echo", "--agent", id).lines.count == 2
            )
            let trace = try await tool.run("trace", tags[1])
            #expect(trace.output == "failed message-1: remote", "\(trace)")
            let show = try await tool.run("failed", "show", "message-0")
            #expect(show.output.contains("hello") && !show.output.contains("broken 1"), "\(show.output)")
            for _ in 0..<2 {
                let replay = try await tool.run("failed", "replay", "message-0")
                #expect(replay.exit == .code(0) && replay.output.contains("hello"), "\(replay)")
            }
            let again = try await tool.run("failed", "replay", "--all")
            #expect(
                again.exit == .code(1) && again.output.contains("message-1 failed: unknown-action"),
                "\(again)"
            )
            let export = try await tool.run("failed", "export", "--code", "remote")
            #expect(export.lines.count == 2 && export.lines.allSatisfy { $0.hasPrefix("{") })
            #expect(try await tool.run("failed", "drop").exit == .code(2), "nothing was selected")
            #expect(try await tool.run("failed", "drop", "--all", "--json").output == #"{"dropped":2}"#)
            try await agent.stop()
        }
    }
}
