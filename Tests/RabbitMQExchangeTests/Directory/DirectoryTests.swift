import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Logging
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("The directory")
    struct DirectoryTests {
        @Test("A visitor calls and pings agents, and leaves no record and no queue")
        func visitor() async throws {
            let scene = try await Scene()
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration)
            let before = try await scene.records().filter { $0.type != "fence" }
            let queues = try await scene.management.queues().map(\.name).filter { $0.hasPrefix(scene.name("user.")) }
            for round in 0..<3 {
                let visitor = try await scene.exchange("probe \(round)").makeVisitorClient(name: "probe")
                let handle = visitor.handle(to: registration.agentID)
                #expect(try await handle.ping() > .zero)
                let answer = try await handle.action("double", try ActionArguments(21))
                #expect(try answer?.decode(Int.self) == 42)
                await visitor.close()
            }
            let after = try await scene.records().filter { $0.type != "fence" }
            #expect(after.count == before.count)
            let now = try await scene.management.queues().map(\.name).filter { $0.hasPrefix(scene.name("user.")) }
            #expect(Set(now) == Set(queues))
            await agent.close()
            await user.close()
        }

        @Test(
            "A visitor of another broker user is served where senders must be known, and leaves no record and no queue"
        )
        func verifiedVisitor() async throws {
            let scene = try await Scene { $0.requiresUserID = true }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration)
            let probe = try await RoleUser(.user, in: scene)
            let before = try await scene.records()
            for requires in [true, false] {
                let visitor = try await probe.exchange { $0.requiresUserID = requires }.makeVisitorClient(name: "probe")
                let handle = visitor.handle(to: registration.agentID)
                #expect(try await handle.ping() > .zero)
                let doubled = try await handle.action("double", try ActionArguments(21), returning: Int.self)
                #expect(doubled == 42)
                await visitor.close()
            }
            // Nobody had to ask the directory about it either.
            #expect(
                try await scene.records().filter { $0.type != "fence" || $0.userID == probe.name }.count
                    == before.filter { $0.type != "fence" }.count
            )
            let queues = try await scene.management.queues().map(\.name)
            let wall = Wall(user: probe.name).prefix
            #expect(queues.allSatisfy { !$0.contains(wall) })
            await agent.close()
            try await user.terminate(registration.agentID)
            await user.close()
            try await probe.remove()
        }

        @Test("A stream that is quiet for long writes nothing into the directory")
        func quietStream() async throws {
            let scene = try await Scene()
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.exchange("two").makeAgentClient(registration) { request, client in
                try await client.send(part: try Payload(encoding: 1), of: request)
                try await Task.sleep(for: .seconds(6))
                return try request.response(encoding: client.partCount(of: request))
            }
            var parts = 0
            var before = 0
            for try await _ in user.handle(to: registration.agentID).stream("work") {
                parts += 1
                before = try await scene.records().count
            }
            #expect(parts == 1)
            // Those of the two looks themselves.
            let written = try await scene.records().count - before
            #expect(written <= 2)
            await agent.close()
            await user.close()
        }

        @Test("A fence that is lost on its way ends nothing: who asks later is answered")
        func lostFence() async throws {
            var scene = try await Scene()
            let patient = try await scene.user("patient")
            let clerk = try await patient.registerAgent(AgentType("Clerk"))
            await patient.close()
            scene.configuration.operationTimeout = .seconds(2)
            let exchange = try scene.exchange()
            let user = try await eventually("a session") { try await exchange.makeUserClient() }
            try await eventually("the agent is found") {
                try await user.discover(AgentType("Clerk")) == [clerk.agentID]
            }
            // It is confirmed, and does not get into the stream.
            try await ForeignClient.run(in: scene) { client in
                let channel = client.channel
                let (agents, directory) = (scene.name("agents"), scene.name("directory"))
                let other = scene.name("elsewhere")
                try await channel.declareQueue(QueueDeclaration(name: other), deadline: .soon)
                try await channel.bind(.queue(other), to: agents, routingKey: "#", deadline: .soon)
                try await channel.unbind(.queue(directory), from: agents, routingKey: "#", deadline: .soon)
                let refused = await outcome { try await user.discover(AgentType("Clerk")) }
                #expect(refused.error?.code == .deadlineExceeded)
                try await channel.bind(.queue(directory), to: agents, routingKey: "#", deadline: .soon)
                try await channel.unbind(.queue(other), from: agents, routingKey: "#", deadline: .soon)
                _ = try await channel.deleteQueue(other, deadline: .soon)
            }
            try await eventually("somebody who asks later is answered", timeout: .seconds(10)) {
                try await user.discover(AgentType("Clerk")) == [clerk.agentID]
            }
            await user.close()
        }

        @Test("A directory that takes longer to read than an operation may take is read once, not from zero each time")
        func slowReplay() async throws {
            var scene = try await Scene { $0.compactionThreshold = 10_000_000 }
            let user = try await scene.user()
            let clerk = try await user.registerAgent(AgentType("Clerk"))
            try await scene.writeFences(60_000)
            scene.configuration.operationTimeout = .milliseconds(250)
            var errors: [ExchangeError] = []
            var kept: [any ExchangeTransport] = []
            let start = ContinuousClock.now
            // An agent starts, however long the reading takes. Connecting has the limit too, so it may need another try.
            let exchange = try scene.exchange("late", level: .info)
            let agent = try await eventually("the agent", timeout: .seconds(60)) {
                () async throws -> (any ExchangeTransport)? in
                do throws(ExchangeError) {
                    return try await exchange.makeAgentTransport(clerk, mode: .exclusive, requestLimit: nil)
                } catch {
                    errors.append(error)
                    return nil
                }
            }
            #expect(!errors.contains { $0.message.contains("is still being read") }, "\(errors)")
            #expect(scene.log.entries.contains { $0.message == "the directory is still being read" })
            await agent.close()
            // A question has its limit, and says so as a fault of the broker; the next one goes on where it ended.
            let questions = try scene.exchange("questions")
            errors = []
            try await eventually("an answer", timeout: .seconds(60)) { () async throws -> Bool in
                do throws(ExchangeError) {
                    let asking = try await questions.makeUserTransport(name: nil)
                    defer { kept.append(asking) }
                    return try await asking.discover(typeNamed: "Clerk", allowSubtypes: true) == [clerk.agentID]
                } catch {
                    errors.append(error)
                    return false
                }
            }
            let late = errors.filter { $0.code == .deadlineExceeded && $0.message.contains("is still being read") }
            #expect(!late.isEmpty, "\(errors.map(\.message))")
            #expect(late.allSatisfy { $0.exitStatus == 3 })
            for asking in kept { await asking.close() }
            // A tool waits as long as there is progress, also for longer than an operation may take.
            scene.configuration.operationTimeout = max(.milliseconds(250), start.duration(to: .now) / 3)
            let tool = try scene.exchange("tool")
            var failures: [String] = []
            // The limit holds for connecting too, and a busy machine may need longer for that.
            let found = try await eventually("the agents", timeout: .seconds(60)) { () async throws -> [AgentID]? in
                let administration = try await tool.openAdministration()
                do {
                    let agents = try await administration.agents(typeNamed: "Clerk")
                    await administration.close()
                    return agents.map(\.agentID)
                } catch {
                    failures.append("\(error)")
                    await administration.close()
                    return nil
                }
            }
            #expect(found == [clerk.agentID])
            #expect(!failures.contains { $0.contains("is still being read") }, "\(failures)")
            await user.close()
        }
    }
}
