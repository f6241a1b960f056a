import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("Requests that the broker keeps until their time")
    struct DelayTests {
        @Test("Their objects are made with the first of them, and are listed, compared and removed", arguments: kinds)
        func objects(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration, "agent")
            let administration = try await scene.exchange("operator").openAdministration()
            #expect(try await !administration.topology().contains { $0.name.contains(".delays") })
            let handle = user.handle(to: registration.agentID)
            // So late that the owner must give it to the broker, however long the way to the owner takes.
            _ = try await handle.schedule("double", ActionArguments(4), after: .seconds(3600))
            try await scene.expectDelayed(1)
            let objects = try await administration.topology().filter { $0.name.contains(".delays") }
            #expect(objects.count { $0.kind == .exchange } == 3)
            #expect(objects.count { $0.kind == .queue } == DelayLevel.count + 1)
            #expect(objects.allSatisfy { $0.kind == .binding || $0.state == .present }, "\(objects)")
            let queues = try await scene.management.queues().filter { $0.name.hasPrefix(scene.name("delays.")) }
            #expect(queues.count == DelayLevel.count + 1)
            #expect(queues.allSatisfy { $0.type == "quorum" && $0.arguments["x-overflow"]?.string == "reject-publish" })
            try await user.terminate(registration.agentID)
            await agent.close()
            await user.close()
            #expect(try await administration.removeNamespace() > DelayLevel.count)
            #expect(try await !scene.management.queues().contains { $0.name.hasPrefix(scene.name("")) })
            #expect(try await !scene.management.exchanges().contains { $0.name.hasPrefix(scene.name("")) })
            await administration.close()
        }

        @Test("Requests with many times come in their order, none early, and none waits behind another")
        func times() async throws {
            let scene = try await Scene()
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration, "agent")
            let handle = user.handle(to: registration.agentID)
            let delays = [4200, 250, 1300, 2600, 700, 3100, 60].map { Duration.milliseconds($0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for delay in delays {
                    let request = try await handle.schedule("double", ActionArguments(1), after: delay)
                    group.addTask {
                        let result = try await request.result(returning: Int.self)
                        #expect(result == 2)
                        let late = Date.now.timeIntervalSince(request.time)
                        // Within 1 s on a machine that is not busy.
                        #expect(late > -0.001 && late < 10, "\(delay): \(late)")
                    }
                }
                try await group.waitForAll()
            }
            await agent.close()
            try await user.terminate(registration.agentID)
            await user.close()
        }

        @Test(
            "A request that waits survives its requester, its agent and the broker",
            .enabled(if: LongForm.isWanted, "it takes half a minute: make test-long")
        )
        func survives() async throws {
            let broker = try await PrivateBroker.start()
            let scene = try await Scene(on: broker) { $0.connectPatience = .seconds(30) }
            try await scene.keepStreams(of: broker)
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration, "agent")
            let request = try await user.handle(to: registration.agentID).schedule("note", after: .seconds(17))
            try await scene.expectDelayed(1)
            await agent.close()
            await user.close()
            try await broker.kill()
            try await broker.restart()
            let attempts = Monitor<[Int]>([])
            let next = try await scene.exchange("next").makeAgentClient(registration) { request, _ in
                if case .action = request.body { attempts.update { $0.append(request.attempt) } }
                return request.response()
            }
            try await eventually("the request", timeout: .seconds(60), value: { attempts.value }) { $0 == [1] }
            #expect(Date.now >= request.time)
            await next.close()
            await broker.stop()
        }

        @Test("A role user schedules in its own name, and has no other way to the delays", arguments: ways)
        func roles(_ way: MessageWay) async throws {
            let scene = try await Scene(by: way) { $0.requiresUserID = true }
            let person = try await RoleUser(.operator, in: scene)
            await (try person.exchange().makeUserClient()).close()
            let (owner, ann) = (try await RoleUser(.agentService, in: scene), try await RoleUser(.user, in: scene))
            let service = try await owner.exchange().makeUserClient()
            let registration = try await service.registerAgent(AgentType("Clerk"))
            let principals = Monitor<[String?]>([])
            let agent = try await owner.exchange().makeAgentClient(registration) { request, _ in
                if case .action = request.body { principals.update { $0.append(request.principal) } }
                return request.response()
            }
            let client = try await ann.exchange().makeUserClient()
            let handle = client.handle(to: registration.agentID)
            let request = try await handle.schedule("note", after: .milliseconds(1500), deadline: .seconds(60))
            _ = try await request.result()
            #expect(principals.value == [ann.name])
            let connection = try await ann.connect()
            let key = "agent.\(registration.agentID.uuid.uuidString.lowercased())"
            for exchange in ["delays", "delays.due", "delays.ended"] {
                let channel = try await connection.openChannel(confirms: true, deadline: .soon)
                let publication = Publication(
                    exchange: scene.name(exchange),
                    routingKey: "0.\(key)",
                    properties: MessageProperties(userID: ann.name),
                    body: Data()
                )
                let refusal = await #expect(throws: AMQPError.self) {
                    try await channel.publish(publication, deadline: .soon)
                }
                #expect(refusal?.code == .accessRefused, "\(exchange)")
                let tap = try await connection.openChannel(confirms: false, deadline: .soon)
                let queue = ann.sessionQueue()
                try await tap.declareQueue(QueueDeclaration(name: queue), deadline: .soon)
                let bound = await #expect(throws: AMQPError.self) {
                    try await tap.bind(.queue(queue), to: scene.name(exchange), routingKey: "#", deadline: .soon)
                }
                #expect(bound?.code == .accessRefused, "\(exchange)")
            }
            await connection.close(timeout: .seconds(5))
            await client.close()
            await agent.close()
            try await service.terminate(registration.agentID)
            await service.close()
            for user in [ann, owner, person] { try await user.remove() }
        }
    }
}

extension Scene {
    /// Waits until the broker keeps so many requests until their time.
    func expectDelayed(_ count: Int) async throws {
        try await eventually("\(count) delayed requests", value: { try await delayed() }) { $0 == count }
    }

    private func delayed() async throws -> Int {
        try await management.queues().filter { $0.name.hasPrefix(name("delays.")) }.reduce(0) { $0 + ($1.ready ?? 0) }
    }
}
