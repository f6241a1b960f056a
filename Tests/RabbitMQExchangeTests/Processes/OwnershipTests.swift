import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("One owner")
    struct OwnershipTests {
        @Test("A second process that opens a mailbox gets mailboxInUse at once while the owner lives", arguments: kinds)
        func refusesSecondProcess(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let owner = try await PeerProcess.agent(registration, of: scene, "owner")
            let second = try await PeerProcess(try scene.exchange("second"))
            _ = try await second.ask("user", for: "ready")
            #expect(try await second.serve(registration) == "failed mailbox-in-use")
            // The owner answers at once, rather than that an owner is waited for in vain.
            try await eventually("the owner's answer") {
                let opening = await outcome { try await scene.serve(registration, "third") }
                #expect(opening.error?.code == .mailboxInUse)
                return opening.error?.message == "another process receives from the mailbox"
            }
            let double = try await user.handle(to: registration.agentID).action(
                "double",
                .init(21),
                returning: Int.self
            )
            #expect(double == 42)
            #expect(try await owner.ask("close") == "closed")
            #expect(try await second.serve(registration) == "ready", "the mailbox is free again")
            await user.close()
        }

        @Test("The broker itself serves one consumer of a mailbox", arguments: kinds)
        func brokerServesOne(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let owner = try await PeerProcess.agent(registration, of: scene, "owner")
            let queue = scene.name("agent.\(registration.agentID.uuid.uuidString.lowercased())")
            try await ForeignClient.run(in: scene) { foreign in
                let thief = try await foreign.channel.consume(
                    ConsumerDeclaration(queue: queue, tag: "thief"),
                    deadline: .soon
                )
                let consumers = try await eventually(
                    "two consumers",
                    value: { try await scene.management.consumers().filter { $0.queue == queue } }
                ) { $0.count == 2 }
                #expect(consumers.first { $0.tag == "thief" }?.isActive == false)
                #expect(consumers.first { $0.tag != "thief" }?.isActive == true)
                let handle = user.handle(to: registration.agentID)
                for number in 1...50 {
                    #expect(try await handle.action("double", .init(number), returning: Int.self) == 2 * number)
                }
                let stolen = try await thief.cancel(deadline: .soon)
                #expect(stolen.isEmpty)
            }
            try await owner.kill()
            await user.close()
        }

        @Test("Opening the mailbox of a process that is stopped ends with mailboxInUse", arguments: kinds)
        func stoppedOwner(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let owner = try await PeerProcess.agent(registration, of: scene, "owner")
            try await owner.process.pause()
            let opening = await outcome { try await scene.serve(registration) }
            #expect(opening.error?.code == .mailboxInUse)
            #expect(opening.error?.message == "another process holds the mailbox and does not answer")
            owner.process.signal(SIGCONT)
            _ = try await user.handle(to: registration.agentID).ping(timeout: .seconds(20))
            await user.close()
        }

        @Test("The mailbox of a process that was killed can be opened at once", arguments: kinds)
        func killedOwner(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let owner = try await PeerProcess.agent(registration, of: scene, "owner")
            try await owner.kill()
            let opening = try await scene.serve(registration)
            _ = try await user.handle(to: registration.agentID).ping()
            await opening.close()
            await user.close()
        }
    }
}
