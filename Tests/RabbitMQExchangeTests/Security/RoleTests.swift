import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Logging
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Broker users with exactly the permissions of a role")
    struct RoleTests {
        /// The operator makes what all share; the others find it.
        private func provisioned(
            _ way: MessageWay = .broker
        ) async throws -> (scene: Scene, operator: RoleUser) {
            let scene = try await Scene(by: way)
            let person = try await RoleUser(.operator, in: scene)
            let client = try await person.exchange().makeUserClient()
            await client.close()
            return (scene, person)
        }

        @Test(
            "An agent service registers, serves, calls, asks all, discovers, watches and terminates; an operator does too",
            arguments: [RolePermissions.Role.agentService, .operator],
            ways
        )
        func service(_ role: RolePermissions.Role, _ way: MessageWay) async throws {
            let (scene, person) = try await provisioned(way)
            let user = role == .operator ? person : try await RoleUser(role, in: scene)
            let client = try await user.exchange().makeUserClient()
            let type = AgentType("Clerk", parents: [AgentType("Base")])
            let registration = try await client.registerAgent(type, name: "clerk")
            let agent = try await user.exchange().makeAgentClient(registration, requestHandler: Deeds.serve)
            let handle = client.handle(to: registration.agentID)
            let doubled = try await handle.action("double", try ActionArguments(21), returning: Int.self)
            #expect(doubled == 42)
            #expect(try await client.transport.discover(typeNamed: "Base", allowSubtypes: true).count == 1)
            let broadcast = Broadcast(from: client.id, toAgentsOf: "Base", .ping)
            #expect(try await client.transport.broadcast(broadcast) == [registration.agentID])
            // One that nobody serves, with a request in it: the drain and the dead letters are needed.
            let idle = try await client.registerAgent(type)
            let waiting = Task { try await client.handle(to: idle.agentID).action("wait", deadline: .seconds(170)) }
            try await eventually("the request to be in the mailbox") {
                try await client.transport.details(of: .agent(idle.agentID)).queuedMessages == 1
            }
            try await client.transport.terminate(.agent(idle.agentID))
            let answer = await outcome { try await waiting.value }
            #expect(answer.error?.code == .mailboxTerminated)
            #expect(try await scene.load(of: "agent.\(idle.agentID.uuid.uuidString.lowercased())") == nil)
            await agent.close()
            try await client.transport.terminate(.agent(registration.agentID))
            await client.close()
            #expect(scene.log.entries.filter { $0.level >= .warning }.isEmpty)
        }

        @Test("A user calls and discovers; what it may not is forbidden, and its other calls go on", arguments: ways)
        func user(_ way: MessageWay) async throws {
            let (scene, person) = try await provisioned(way)
            let owner = try await RoleUser(.agentService, in: scene)
            let service = try await owner.exchange().makeUserClient()
            let registration = try await service.registerAgent(AgentType("Clerk"))
            let agent = try await owner.exchange().makeAgentClient(registration) { request, _ in
                if case .action = request.body { try await Task.sleep(for: .seconds(4)) }
                return request.response()
            }
            let user = try await RoleUser(.user, in: scene)
            let client = try await user.exchange().makeUserClient()
            let handle = client.handle(to: registration.agentID)
            // This one is under way while everything below is refused.
            async let slow: Void = { _ = try await handle.action("slow") }()
            #expect(try await client.transport.discover(typeNamed: "Clerk", allowSubtypes: false).count == 1)
            let refusals = [
                await outcome { try await client.registerAgent(AgentType("Clerk")) },
                await outcome { try await client.transport.terminate(.agent(registration.agentID)) },
                await outcome { try await user.exchange().makeAgentTransport(registration, mode: .exclusive) },
                await outcome { try await user.exchange().makeAgentTransport(registration, mode: .standby) },
            ]
            for refusal in refusals {
                // Where somebody else has the mailbox, that is found out first.
                let codes: [ExchangeError.Code] = [.forbidden, .mailboxInUse]
                #expect(refusal.error.map { codes.contains($0.code) } == true, "\(refusal)")
            }
            #expect(refusals.filter { $0.error?.code == .forbidden }.count >= 3)
            #expect(try await client.transport.status(of: .agent(registration.agentID)) == .active)
            #expect(try await handle.ping() > .zero)
            try await slow
            await client.close()
            #expect(try await scene.load(of: "user.\(client.id.uuid.uuidString.lowercased())") == nil)
            await agent.close()
            try await service.transport.terminate(.agent(registration.agentID))
            await service.close()
            for user in [user, owner, person] { try await user.remove() }
        }

        @Test("A user can't forge a record that an agent was terminated, under any routing key")
        func forgery() async throws {
            let (scene, person) = try await provisioned()
            let owner = try await RoleUser(.agentService, in: scene)
            let service = try await owner.exchange().makeUserClient()
            let registration = try await service.registerAgent(AgentType("Clerk"))
            let user = try await RoleUser(.user, in: scene)
            let connection = try await user.connect()
            let forged = MessageProperties(
                headers: ["warren-entity": .string("agent:\(registration.agentID.uuid.uuidString.lowercased())")],
                type: "terminated"
            )
            for key in ["terminated.@user", "fence", "terminated.Agent.Clerk", "registered.Agent"] {
                let channel = try await connection.openChannel(confirms: true, deadline: .soon)
                let record = Publication(
                    exchange: scene.name("agents"),
                    routingKey: key,
                    properties: forged,
                    body: Data()
                )
                do throws(AMQPError) {
                    try await channel.publish(record, deadline: .soon)
                    #expect(key == "terminated.@user" || key == "fence")
                } catch { #expect(error.code == .accessRefused) }
            }
            #expect(try await service.transport.discover(typeNamed: "Clerk", allowSubtypes: false).count == 1)
            #expect(try await service.transport.status(of: .agent(registration.agentID)) == .active)
            await connection.close(timeout: .seconds(5))
            try await service.transport.terminate(.agent(registration.agentID))
            await service.close()
            for user in [user, owner, person] { try await user.remove() }
        }

        @Test("An agent service or a user that comes before the operator is told what is missing")
        func tooEarly() async throws {
            let scene = try await Scene()
            let user = try await RoleUser(.agentService, in: scene)
            let refusal = await outcome { try await user.exchange().makeUserClient() }
            #expect(refusal.error?.code == .forbidden)
            #expect(refusal.error.map { "\($0)" }?.contains("mailboxes") == true)
            try await user.remove()
        }
    }
}
