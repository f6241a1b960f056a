import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Namespaces are walls")
    struct WallTests {
        /// Two namespaces, the name of one being the beginning of that of the other.
        private func neighbours(_ way: MessageWay) async throws -> [Scene] {
            let short = try await Scene(by: way)
            let long = Scene(short, namespace: short.namespace + "-2")
            for scene in [short, long] {
                let client = try await scene.user()
                await client.close()
            }
            return [short, long]
        }

        @Test(
            "A user of one can't connect to the other by any role, nor read, send, discover or terminate there",
            arguments: RolePermissions.Role.allCases,
            ways
        )
        func closed(_ role: RolePermissions.Role, _ way: MessageWay) async throws {
            let scenes = try await neighbours(way)
            for (here, there) in [(scenes[0], scenes[1]), (scenes[1], scenes[0])] {
                let resident = try await there.user("resident")
                let registration = try await resident.registerAgent(AgentType("Clerk"))
                let user = try await RoleUser(role, in: here)
                let stranger = try user.exchange(in: there)
                for refusal in [
                    await outcome { try await stranger.makeUserClient() },
                    await outcome { try await stranger.makeAgentTransport(registration, mode: .exclusive) },
                    await outcome { try await stranger.registerAgent(AgentType("Clerk")) },
                ] {
                    #expect(refusal.error?.code == .forbidden, "\(refusal.error?.description ?? "no error")")
                }
                try await byHand(user, there, registration)
                // From within its own namespace there is no such agent either.
                let client = try await user.exchange().makeUserClient()
                let id = EntityID.agent(registration.agentID)
                #expect(try await client.transport.status(of: id) == .missing)
                try await client.transport.terminate(id)
                let call = await outcome { try await client.handle(to: registration.agentID).ping() }
                #expect(call.error?.code == .badEntityID)
                #expect(try await client.transport.discover(typeNamed: "Clerk", allowSubtypes: true) == [])
                await client.close()
                #expect(try await resident.transport.status(of: id) == .active)
                try await resident.transport.terminate(id)
                await resident.close()
                try await user.remove()
            }
        }

        /// Each operation of AMQP that would reach something of the other namespace.
        private func byHand(_ user: RoleUser, _ there: Scene, _ registration: AgentRegistration) async throws {
            let mailbox = there.name("agent.\(registration.agentID.uuid.uuidString.lowercased())")
            let own = user.sessionQueue()
            let connection = try await user.connect()
            let setUp = try await connection.openChannel(confirms: false, deadline: .soon)
            try await setUp.declareQueue(QueueDeclaration(name: own), deadline: .soon)
            let attempts: [(String, @Sendable (Channel) async throws(AMQPError) -> Void)] = [
                (
                    "send",
                    { (channel) throws(AMQPError) in
                        let key = "agent.\(registration.agentID.uuid.uuidString.lowercased())"
                        let message = Publication(exchange: there.name("mailboxes"), routingKey: key, body: Data())
                        try await channel.publish(message, deadline: .soon)
                    }
                ),
                (
                    "send past the exchange",
                    { (channel) throws(AMQPError) in
                        try await channel.publish(
                            Publication(exchange: "", routingKey: mailbox, body: Data()),
                            deadline: .soon
                        )
                    }
                ),
                (
                    "announce",
                    { (channel) throws(AMQPError) in
                        let record = Publication(exchange: there.name("agents"), routingKey: "fence", body: Data())
                        try await channel.publish(record, deadline: .soon)
                    }
                ),
                (
                    "read",
                    { (channel) throws(AMQPError) in
                        _ = try await channel.consume(ConsumerDeclaration(queue: mailbox, prefetch: 1), deadline: .soon)
                    }
                ),
                (
                    "read the directory",
                    { (channel) throws(AMQPError) in
                        let directory = there.name("directory")
                        _ = try await channel.consume(
                            ConsumerDeclaration(queue: directory, prefetch: 1),
                            deadline: .soon
                        )
                    }
                ),
                (
                    "read the dead letters",
                    { (channel) throws(AMQPError) in
                        _ = try await channel.get(there.name("unanswered"), deadline: .soon)
                    }
                ),
                (
                    "listen",
                    { (channel) throws(AMQPError) in
                        let (exchange, key) = (there.name("agents"), "#")
                        try await channel.bind(.queue(own), to: exchange, routingKey: key, deadline: .soon)
                    }
                ),
                (
                    "take the way to a mailbox away",
                    { (channel) throws(AMQPError) in
                        let key = "agent.\(registration.agentID.uuid.uuidString.lowercased())"
                        let exchange = there.name("mailboxes")
                        try await channel.unbind(.queue(mailbox), from: exchange, routingKey: key, deadline: .soon)
                    }
                ),
                (
                    "delete",
                    { (channel) throws(AMQPError) in
                        _ = try await channel.deleteQueue(mailbox, deadline: .soon)
                    }
                ),
                (
                    "make a mailbox",
                    { (channel) throws(AMQPError) in
                        let queue = there.name("user.\(UUID().uuidString.lowercased())")
                        _ = try await channel.declareQueue(QueueDeclaration(name: queue), deadline: .soon)
                    }
                ),
                (
                    "leave dead letters",
                    { (channel) throws(AMQPError) in
                        let arguments: FieldTable = ["x-dead-letter-exchange": .string(there.name("dead-letters"))]
                        let queue = user.sessionQueue()
                        _ = try await channel.declareQueue(
                            QueueDeclaration(name: queue, arguments: arguments),
                            deadline: .soon
                        )
                    }
                ),
            ]
            for (what, attempt) in attempts {
                let channel = try await connection.openChannel(confirms: true, deadline: .soon)
                do throws(AMQPError) {
                    try await attempt(channel)
                    Issue.record("\(user.name) could \(what) in \(there.namespace)")
                } catch { #expect(error.code == .accessRefused, "\(what): \(error)") }
            }
            try await setUp.deleteQueue(own, deadline: .soon)
            await connection.close(timeout: .seconds(5))
        }
    }
}
