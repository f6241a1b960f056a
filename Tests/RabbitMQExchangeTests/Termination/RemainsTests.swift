import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("What registrations leave that fail, and its removal")
    struct RemainsTests {
        @Test("A registration that is cancelled at any moment leaves no queue, and nobody to be found")
        func cancelled() async throws {
            let scene = try await Scene()
            let user = try await scene.user("observer")
            let exchange = try scene.exchange("registrar")
            for round in 0..<60 {
                let registration = Task {
                    // Every third one has a session of its own, which ends with it.
                    if round.isMultiple(of: 3) { return try await exchange.registerAgent(AgentType("Ghost")) }
                    return try await user.registerAgent(AgentType("Ghost"))
                }
                try await Task.sleep(for: .microseconds(round * 400))
                registration.cancel()
                if let made = try? await registration.value { try await user.terminate(made.agentID) }
            }
            try await eventually("no agent to be found", timeout: .seconds(30)) {
                try await user.discover(typeNamed: "Ghost", allowSubtypes: true).isEmpty
            }
            try await eventually("no queue of an agent to be left", timeout: .seconds(30)) {
                try await !scene.management.queues().contains { $0.name.hasPrefix(scene.name("agent.")) }
            }
            await user.close()
        }

        @Test("A user whose mailbox can't be opened in time is not registered")
        func user() async throws {
            let scene = try await Scene()
            let observer = try await scene.user("observer")
            for round in 0..<40 {
                let making = Task { try await scene.exchange("observer").makeUserTransport(name: "ghost") }
                try await Task.sleep(for: .microseconds(round * 400))
                making.cancel()
                if let made = try? await making.value {
                    try await made.terminate(made.mailboxID)
                    await made.close()
                }
            }
            try await eventually("one user to be left", timeout: .seconds(30)) {
                try await scene.management.queues().count { $0.name.hasPrefix(scene.name("user.")) } == 1
            }
            await observer.close()
        }

        @Test("Halves of mailboxes are found, and removed when they are still halves at the second look")
        func repaired() async throws {
            let scene = try await Scene()
            let user = try await scene.user()
            let whole = try await user.registerAgent(AgentType("Clerk"))
            let halved = try await user.registerAgent(AgentType("Clerk"))
            let (ownerless, late) = (EntityID.agent(AgentID()), EntityID.agent(AgentID()))
            let administration = try await scene.exchange("doctor").openAdministration()
            let names = administration.names
            try await ForeignClient.run(in: scene) { client in
                try await client.channel.deleteQueue(names.queue(of: .agent(halved.agentID)), deadline: .soon)
                for id in [ownerless, late] {
                    let queue = QueueDeclaration(name: names.queue(of: id), arguments: ["x-queue-type": "quorum"])
                    try await client.channel.declareQueue(queue, deadline: .soon)
                    let key = names.mailboxKey(of: id)
                    let mailboxes = names.mailboxes
                    try await client.channel.bind(.queue(queue.name), to: mailboxes, routingKey: key, deadline: .soon)
                }
            }
            let facts = ManagementFacts(queues: Set(try await scene.management.queues().map(\.name)))
            #expect(
                try await Set(administration.remains(facts)) == [
                    MailboxRemains(id: .agent(halved.agentID), kind: .registrationWithoutQueue),
                    MailboxRemains(id: ownerless, kind: .queueWithoutRegistration),
                    MailboxRemains(id: late, kind: .queueWithoutRegistration),
                ]
            )
            // The registration of one of them ends between the looks.
            let repair = Task { try await administration.removeRemains(facts, patience: .seconds(2)) }
            try await administration.session.directory.announce(.registered(late, lineage: ["Agent"]))
            let removed = Set(try await repair.value.map(\.id))
            #expect(removed == [.agent(halved.agentID), ownerless])
            #expect(try await administration.remains(facts) == [])
            for id in [.agent(whole.agentID), late] {
                #expect(try await user.transport.details(of: id).status == .active)
            }
            #expect(try await user.transport.details(of: .agent(halved.agentID)).status == .terminated)
            #expect(try await scene.management.queue(names.queue(of: ownerless)) == nil)
            await administration.close()
            await user.close()
        }
    }
}
