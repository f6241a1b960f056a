import AMQP
import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    @Suite("The connections of a process")
    struct Peers {
        @Test("An owner of an older version, which tells nothing, is named as such; so is one without direct ways")
        func older() async throws {
            let scene = try await ToolScene()
            let tool = scene.tool
            let (agent, _) = try await scene.agent("echo", "--name", "e")
            let plain = try await tool.run("peers", "e")
            #expect(plain.exit == .code(1) && plain.errors.contains("has no direct ways"), "\(plain.errors)")
            try await agent.stop()

            let registered = try await tool.run("register", "old", "--type", "Echo").output
            let none = try await tool.run("peers", registered, "--json")
            #expect(none.exit == .code(1) && none.errors.contains("not-found"), "\(none.errors)")
            // The older version's session: it answers a claim without fields.
            let exchanges = ["mailboxes", "replies"].map { "warren.\(scene.namespace).\($0)" }
            try await scene.withChannel { channel in
                let deadline = Deadline.after(.seconds(30))
                let queue = try await channel.declareQueue(
                    QueueDeclaration(name: "", exclusive: true, autoDelete: true),
                    deadline: deadline
                )
                try await channel.bind(
                    .queue(queue.name),
                    to: exchanges[0],
                    routingKey: "control.agent.\(registered)",
                    deadline: deadline
                )
                try await channel.bind(
                    .queue(queue.name),
                    to: exchanges[1],
                    routingKey: "control.agent.\(registered).#",
                    deadline: deadline
                )
                async let run = tool.run("peers", registered)
                let claim = try await eventually("the question") {
                    try await channel.get(queue.name, deadline: deadline)
                }
                #expect(claim.properties.headers["warren-field-tell"]?.stringValue == "direct-connections")
                var properties = MessageProperties()
                properties.type = "warren-in-use"
                properties.correlationID = claim.properties.correlationID
                let key = try #require(claim.properties.replyTo)
                for exchange in exchanges {
                    try? await channel.publish(
                        Publication(
                            exchange: exchange,
                            routingKey: key,
                            properties: properties,
                            body: Data(),
                            mandatory: false
                        ),
                        deadline: deadline
                    )
                }
                claim.acknowledge()
                let peers = try await run
                #expect(
                    peers.exit == .code(1) && peers.errors.contains("does not tell its connections"),
                    "\(peers.errors)"
                )
            }
        }
    }
}
