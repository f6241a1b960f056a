import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("Queues that an operator deletes under a live agent")
    struct DeletionTests {
        @Test("The queues of both sessions: made again, and requests are answered as before")
        func sessionQueues() async throws {
            let troupe = try await Troupe()
            // What is in them is lost, so nothing is under way.
            for number in 1...3 {
                #expect(try await troupe.ask(number) == number * 2)
                let queues = try await eventually("two session queues") {
                    let queues = try await troupe.scene.management.queues().map(\.name).filter {
                        $0.hasPrefix(troupe.scene.name("session."))
                    }
                    return queues.count == 2 ? queues : nil
                }
                try await ForeignClient.run(in: troupe.scene) { client in
                    for queue in queues { _ = try await client.channel.deleteQueue(queue, deadline: .soon) }
                }
                #expect(try await troupe.ask(10 + number) == 20 + 2 * number)
            }
            // What is sent past the mailbox comes to them too: a claim is answered by the owner.
            let second = await outcome {
                _ = try await troupe.scene.exchange("other").makeAgentTransport(troupe.agent.registration)
            }
            #expect(second.error?.code == .mailboxInUse)
            await troupe.close()
        }

        @Test("The dead letters: made again, with their consumers; what is terminated then is answered")
        func deadLetters() async throws {
            let troupe = try await Troupe()
            _ = try await troupe.ask(0)
            _ = try await ForeignClient.run(in: troupe.scene) { client in
                try await client.channel.deleteQueue(troupe.scene.name("unanswered"), deadline: .soon)
            }
            try await eventually("both sessions serve them again", timeout: .seconds(20)) {
                try await troupe.scene.management.queue(troupe.scene.name("unanswered"))?.consumers == 2
            }
            let idle = try await troupe.user.registerAgent(AgentType("Idle"))
            let handle = troupe.user.handle(to: idle.agentID)
            async let answer = outcome { _ = try await handle.action("work", deadline: .seconds(30)) }
            try await troupe.scene.expectLoad(
                QueueLoad(ready: 1),
                of: "agent.\(idle.agentID.uuid.uuidString.lowercased())"
            )
            try await troupe.user.terminate(.agent(idle.agentID))
            #expect(await answer.error?.code == .mailboxTerminated)
            #expect(try await troupe.ask(1) == 2)
            await troupe.close()
        }

        @Test("The directory: the living are announced again, and a program that starts then finds them all")
        func directory() async throws {
            let troupe = try await Troupe()
            let idle = try await troupe.user.registerAgent(AgentType("Idle"), name: "nobody serves it")
            let gone = try await troupe.user.registerAgent(AgentType("Gone"))
            try await troupe.user.terminate(.agent(gone.agentID))
            try await troupe.expectAnswers {
                _ = try await ForeignClient.run(in: troupe.scene) { client in
                    try await client.channel.deleteQueue(troupe.scene.name("directory"), deadline: .soon)
                }
                _ = try await troupe.scene.log.entry(timeout: .seconds(20)) {
                    $0.message.contains("the directory had lost registrations")
                }
            }
            let newcomer = try await troupe.scene.user("newcomer")
            try await eventually("the newcomer finds both", timeout: .seconds(20)) {
                let idlers = try await newcomer.discover(AgentType("Idle"))
                let clerks = try await newcomer.discover(Troupe.type)
                return idlers == [idle.agentID] && clerks == [troupe.agent.registration.agentID]
            }
            #expect(try await newcomer.discover(AgentType("Gone")).isEmpty)
            let found = try await newcomer.discover(named: "nobody serves it")
            #expect(found == [idle.agentID])
            // New records are read by those who were there before.
            let late = try await newcomer.registerAgent(AgentType("Late"))
            #expect(try await troupe.user.discover(AgentType("Late")) == [late.agentID])
            await newcomer.close()
            await troupe.close()
        }

        @Test("The directory, while the broker is silent: the living are announced when it answers again")
        func directoryUnanswered() async throws {
            var silenced = try await Scene(.single) { $0.operationTimeout = .seconds(2) }
            let proxy = try FaultProxy(targetPort: silenced.broker.port)
            silenced.urls["ann"] = "amqp://guest:guest@127.0.0.1:\(proxy.listenPort)"
            let scene = silenced
            let ann = try await scene.user("ann")
            let idle = try await ann.registerAgent(AgentType("Idle"))
            #expect(try await ann.discover(AgentType("Idle")) == [idle.agentID])
            @Sendable func count(_ text: String) -> Int { scene.log.entries.count { $0.message.contains(text) } }
            let failure = "the directory could not be looked through"
            // The comparison begins half a second after the new stream was read. A busy machine may come too late for that.
            for round in 1...10 where count(failure) == 0 {
                try await ForeignClient.run(in: scene) { client in
                    _ = try await client.channel.deleteQueue(scene.name("directory"), deadline: .soon)
                }
                try await eventually("the end of the old stream") { count("a queue is not received from") >= round }
                _ = await outcome { _ = try await ann.discover(AgentType("Idle")) }
                try await proxy.set(.stall)
                let restored = count("the directory had lost registrations")
                _ = try? await eventually("a failure", timeout: .seconds(8)) {
                    count(failure) > 0 || count("the directory had lost registrations") > restored
                }
                try await proxy.set(.pass)
            }
            #expect(count(failure) > 0)
            let other = try await scene.user("other")
            try await eventually("the agent to be announced again", timeout: .seconds(30)) {
                try await other.discover(AgentType("Idle")) == [idle.agentID]
            }
            await other.close()
            await ann.close()
        }

        @Test("Bindings of the shared queues: made again when something must get there")
        func bindings() async throws {
            let troupe = try await Troupe()
            let scene = troupe.scene
            _ = try await troupe.ask(0)
            let parked = scene.name("parked")
            try await ForeignClient.run(in: scene) { client in
                let channel = client.channel
                try await channel.unbind(
                    .queue(scene.name("directory")),
                    from: scene.name("agents"),
                    routingKey: "#",
                    deadline: .soon
                )
                let new = try await troupe.user.registerAgent(AgentType("New"))
                #expect(try await troupe.user.discover(AgentType("New")) == [new.agentID])
                try await channel.unbind(
                    .queue(parked),
                    from: scene.name("dead-letters"),
                    routingKey: "parked",
                    deadline: .soon
                )
                let mailbox = "agent.\(troupe.agent.registration.agentID.uuid.uuidString.lowercased())"
                try await client.publish(MessageProperties(), "rubbish", to: mailbox)
                try await scene.expectLoad(QueueLoad(ready: 1), of: "parked")
                #expect(try await client.take(from: parked).map(\.body) == [Data("rubbish".utf8)])
            }
            #expect(try await troupe.ask(1) == 2)
            await troupe.close()
        }

        @Test("The directory, while the connections are lost: nothing is missed in its successor")
        func directoryMeanwhile() async throws {
            let troupe = try await Troupe()
            for number in 1...20 { _ = try await troupe.user.registerAgent(AgentType("Idle"), name: "\(number)") }
            for proxy in [troupe.userProxy, troupe.agentProxy] {
                try await proxy.set(.refuse)
                try await proxy.resetConnections()
            }
            _ = try await ForeignClient.run(in: troupe.scene) { client in
                try await client.channel.deleteQueue(troupe.scene.name("directory"), deadline: .soon)
            }
            // Somebody else makes a new one, and is announced in it.
            let other = try await troupe.scene.user("other")
            let late = try await other.registerAgent(AgentType("Late"))
            for proxy in [troupe.userProxy, troupe.agentProxy] { try await proxy.set(.pass) }
            try await troupe.expectRecovered()
            try await eventually("both know all", timeout: .seconds(20)) {
                let all = try await other.discover(AgentType("Idle"))
                let new = try await troupe.user.discover(AgentType("Late"))
                return all.count == 20 && new == [late.agentID]
            }
            await other.close()
            await troupe.close()
        }

        @Test(
            "The directory, where senders must be known: a service announces the agents of others again, a user itself"
        )
        func directoryOfOthers() async throws {
            let scene = try await Scene(.single) { $0.requiresUserID = true }
            let type = AgentType("Idle")
            let admin = try await scene.user("admin")
            await admin.close()
            let present = try await RoleUser(.agentService, in: scene)
            let absent = try await RoleUser(.agentService, in: scene)
            let caller = try await RoleUser(.user, in: scene)
            let owner = try await absent.exchange().makeUserClient()
            let idle = try await owner.registerAgent(type).agentID
            await owner.close()
            let old = try await absent.registerOlder(type)
            let service = try await present.exchange().makeUserClient()
            let user = try await caller.exchange().makeUserClient()
            for client in [service, user] { #expect(try await Set(client.discover(type)) == [idle, old]) }

            try await deleteDirectory(of: scene)
            try await eventually("all of today to be announced again", timeout: .seconds(20)) {
                try await registered(in: scene).map(\.id).contains(.agent(idle))
            }
            try await scene.log.entry { $0.message.contains("the directory had lost registrations") }
            let records = try await registered(in: scene)
            #expect(Set(records.map(\.id)) == [.agent(idle), service.id, user.id])
            #expect(records.contains { $0.id == .agent(idle) && $0.author == present.name })

            await service.close()
            try await deleteDirectory(of: scene)
            try await eventually("the user to announce itself", timeout: .seconds(20)) {
                try await registered(in: scene).map(\.id) == [user.id]
            }
            #expect(scene.log.entries.filter { $0.message.contains("could not be looked through") }.isEmpty)
            await user.close()
            for user in [present, absent, caller] { try await user.remove() }
        }

        /// Deletes the stream and makes it anew, which the role user may not.
        private func deleteDirectory(of scene: Scene) async throws {
            try await ForeignClient.run(in: scene) { client in
                let stream = QueueDeclaration(name: scene.name("directory"), arguments: ["x-queue-type": "stream"])
                _ = try await client.channel.deleteQueue(stream.name, deadline: .soon)
                try await client.channel.declareQueue(stream, deadline: .soon)
                let agents = scene.name("agents")
                try await client.channel.bind(.queue(stream.name), to: agents, routingKey: "#", deadline: .soon)
            }
        }

        /// The registered entities in the stream, with the broker users that wrote the records.
        private func registered(in scene: Scene) async throws -> [(id: EntityID, author: String?)] {
            try await scene.records().compactMap { record in
                guard case .registered(let id, _)? = Announcement(record) else { return nil }
                return (id, record.userID)
            }
        }

        @Test("The directory, before a session has read it: its registrations are announced again")
        func directoryUnread() async throws {
            let scene = try await Scene(.single)
            let early = try await scene.user("early")
            let idle = try await early.registerAgent(AgentType("Idle"))
            _ = try await ForeignClient.run(in: scene) { client in
                try await client.channel.deleteQueue(scene.name("directory"), deadline: .soon)
            }
            let other = try await scene.user("other")
            try await eventually("the agent is found again", timeout: .seconds(20)) {
                try await other.discover(AgentType("Idle")) == [idle.agentID]
            }
            await other.close()
            await early.close()
        }
    }
}
