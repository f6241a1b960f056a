import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Mailboxes that take requests only from the broker user who registered their sender")
    struct SenderTests {
        @Test(
            "Requests without a user_id, or of an entity of somebody else, are answered with forbidden",
            arguments: kinds
        )
        func checked(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.requiresUserID = true }
            let owner = try await scene.user("owner")
            let registration = try await owner.registerAgent(AgentType("Clerk"))
            let served = Monitor(0)
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, _ in
                served.update { $0 += 1 }
                return request.response()
            }
            // Another broker user calls as itself, and is served.
            let (ann, eve) = (try await RoleUser(.user, in: scene), try await RoleUser(.user, in: scene))
            let client = try await ann.exchange().makeUserClient()
            #expect(try await client.handle(to: registration.agentID).ping() > .zero)
            // Without a signature.
            let silent = try await ann.exchange { $0.sendsUserID = false }.makeUserClient()
            let unsigned = await outcome { try await silent.handle(to: registration.agentID).ping() }
            #expect(unsigned.error?.code == .forbidden, "\(unsigned)")
            // As somebody else, and as nobody at all.
            let connection = try await eve.connect()
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let replies = scene.name("session.\(UUID().uuidString.lowercased())")
            try await channel.declareQueue(QueueDeclaration(name: replies), deadline: .soon)
            try await channel.bindQueue(replies, to: scene.name("mailboxes"), routingKey: replies, deadline: .soon)
            for source in [client.id, .user(UserID())] {
                let request = try Request(from: source, to: .agent(registration.agentID), .ping)
                try await channel.publish(forged(request, scene, eve.name, replies), deadline: .soon)
                let answer = try await eventually("an answer") { try await channel.get(replies, deadline: .soon) }
                answer.acknowledge()
                #expect(answer.properties.headers["warren-error-code"] == "forbidden")
            }
            // The broker itself refuses a user_id that is not that of the connection.
            let request = try Request(from: client.id, to: .agent(registration.agentID), .ping)
            let liar = try await connection.openChannel(confirms: true, deadline: .soon)
            let refusal = await #expect(throws: AMQPError.self) {
                try await liar.publish(forged(request, scene, ann.name, replies), deadline: .soon)
            }
            #expect(refusal?.code == .preconditionFailed)
            #expect(served.value == 1)
            try await channel.deleteQueue(replies, deadline: .soon)
            await connection.close(timeout: .seconds(5))
            await silent.close()
            await client.close()
            await agent.close()
            try await owner.transport.terminate(.agent(registration.agentID))
            await owner.close()
            for user in [ann, eve] { try await user.remove() }
        }

        @Test("While the directory can't be asked, an unknown sender is told to try again")
        func unknown() async throws {
            let scene = try await Scene { $0.requiresUserID = true }
            let owner = try await scene.user("owner")
            let registration = try await owner.registerAgent(AgentType("Clerk"))
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, _ in
                request.response()
            }
            let eve = try await RoleUser(.user, in: scene)
            let connection = try await eve.connect()
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let replies = scene.name("session.\(UUID().uuidString.lowercased())")
            try await channel.declareQueue(QueueDeclaration(name: replies), deadline: .soon)
            try await channel.bindQueue(replies, to: scene.name("mailboxes"), routingKey: replies, deadline: .soon)
            func code() async throws -> FieldValue? {
                let request = try Request(from: .user(UserID()), to: .agent(registration.agentID), .ping)
                try await channel.publish(forged(request, scene, eve.name, replies), deadline: .soon)
                let answer = try await eventually("an answer", timeout: .seconds(30)) {
                    try await channel.get(replies, deadline: .soon)
                }
                answer.acknowledge()
                return answer.properties.headers["warren-error-code"]
            }
            try await ForeignClient.run(in: scene) { client in
                let (directory, agents) = (scene.name("directory"), scene.name("agents"))
                // Nothing that is written to the directory gets there.
                try await client.channel.unbindQueue(directory, from: agents, routingKey: "#", deadline: .soon)
                #expect(try await code() == "unavailable")
                try await client.channel.bindQueue(directory, to: agents, routingKey: "#", deadline: .soon)
                #expect(try await code() == "forbidden")
            }
            try await channel.deleteQueue(replies, deadline: .soon)
            await connection.close(timeout: .seconds(5))
            await agent.close()
            try await owner.terminate(registration.agentID)
            await owner.close()
            try await eve.remove()
        }

        private func forged(_ request: Request, _ scene: Scene, _ user: String, _ replyTo: String) -> Publication {
            var properties = MessageProperties()
            properties.type = "ping-request"
            properties.correlationID = request.tag.uuidString.lowercased()
            properties.replyTo = replyTo
            properties.userID = user
            properties.headers = [
                "warren-protocol": "1.0", "warren-source": .string(text(request.source)),
                "warren-destination": .string(text(request.destination)),
            ]
            let key = text(request.destination).replacing(":", with: ".")
            return Publication(
                exchange: scene.name("mailboxes"),
                routingKey: key,
                properties: properties,
                body: Data(),
                mandatory: true
            )
        }

        private func text(_ id: EntityID) -> String { "\(id.role.rawValue):\(id.uuid.uuidString.lowercased())" }
    }
}
