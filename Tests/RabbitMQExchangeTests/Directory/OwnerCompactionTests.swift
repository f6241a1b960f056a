import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("The owners of entities, where senders must be known, across compactions of the directory")
    struct OwnerCompactionTests {
        private let type = AgentType("Clerk")

        /// A namespace with its shared objects, in which senders must be known, and whose operator is not there.
        private func scene(_ threshold: Int = 1_000_000) async throws -> (scene: Scene, operator: RoleUser) {
            let scene = try await Scene(.single) {
                $0.requiresUserID = true
                $0.compactionThreshold = threshold
            }
            let person = try await RoleUser(.operator, in: scene)
            let client = try await person.exchange().makeUserClient()
            await client.close()
            return (scene, person)
        }

        @Test("Services and users alone compact it, and each entity still belongs to its broker user")
        func services() async throws {
            let (scene, person) = try await scene(500)
            try await person.remove()
            let (first, second) = (
                try await RoleUser(.agentService, in: scene), try await RoleUser(.agentService, in: scene)
            )
            let caller = try await RoleUser(.user, in: scene)
            // Sessions of the second service never compact.
            let serving = try await second.hasty { $0.compactionThreshold = 1_000_000 }
            let clerk = try await serving.registerAgent(type)
            let agent = try await second.exchange {
                $0.compactionGrace = .seconds(2)
                $0.compactionThreshold = 1_000_000
            }.makeAgentClient(clerk, requestHandler: Deeds.serve)
            let compacting = try await first.hasty()
            let desk = try await compacting.registerAgent(AgentType("Desk"))
            let other = try await first.exchange { $0.compactionGrace = .seconds(2) }
                .makeAgentClient(desk, requestHandler: Deeds.serve)
            let asking = try await caller.hasty()
            for _ in 0..<1500 {
                let found = try await patiently { try await asking.discover(type) }
                #expect(found == [clerk.agentID])
            }
            try await eventually("a stream of few records", timeout: .seconds(60)) {
                let copy = try await scene.management.queue(scene.name("directory.copy"))
                let count = try await scene.records().count
                return copy == nil && count < 600
            }
            let records = try await scene.records()
            #expect(records.allSatisfy { $0.type != "owned" })
            let clerks = records.filter {
                $0.headers["warren-entity"] == .string("agent:\(clerk.agentID.uuid.uuidString.lowercased())")
            }
            #expect(clerks.map(\.userID) == [first.name], "it was announced again by the other service")
            // Processes that read the directory only now believe its answers and serve its requests.
            let newcomer = try await caller.exchange { $0.connectionName = "newcomer" }.makeUserClient()
            #expect(try await newcomer.discover(type) == [clerk.agentID])
            let handle = newcomer.handle(to: clerk.agentID)
            #expect(try await handle.action("double", try ActionArguments(21), returning: Int.self) == 42)
            await other.close()
            let again = try await first.exchange { $0.connectionName = "again" }
                .makeAgentClient(desk, requestHandler: Deeds.serve)
            let asked = try await agent.handle(to: desk.agentID)
                .action("double", try ActionArguments(4), returning: Int.self)
            #expect(asked == 8)
            await again.close()
            await agent.close()
            for client in [newcomer, asking, compacting, serving] { await client.close() }
            for user in [first, second, caller] { try await user.remove() }
        }

        @Test(
            "An agent that an older session of another broker user registered leaves it to the operator, until it ends"
        )
        func older() async throws {
            let (scene, person) = try await scene()
            let (first, second) = (
                try await RoleUser(.agentService, in: scene), try await RoleUser(.agentService, in: scene)
            )
            let service = try await first.hasty()
            let new = try await service.registerAgent(type).agentID
            let old = try await second.registerOlder(type)
            #expect(try await service.discover(type) == [new, old])
            let refused = await outcome { try await service.compact() }
            #expect(refused.error?.code == .forbidden)
            #expect(try await scene.management.queue(scene.name("directory.copy")) == nil)
            try await expectOwners([new: first, old: second], in: scene, "before")

            let operating = try await person.hasty()
            try await operating.compact()
            try await expectOwners([new: first, old: second], in: scene, "after")
            let named = try await scene.records().filter { $0.type == "owned" }
            #expect(named.contains { $0.headers["warren-owner"] == .string(second.name) })
            await operating.close()

            try await service.terminate(old)
            try await service.compact()
            try await expectOwners([new: first], in: scene, "at last")
            await service.close()
            for user in [first, second, person] { try await user.remove() }
        }

        @Test(
            "An agent that an older session registers meanwhile keeps its owner, and nothing is lost",
            arguments: [CompactionStep.copyMade, .mainDeleted, .mainMade].map(\.rawValue)
        )
        func meanwhile(_ step: String) async throws {
            let (scene, person) = try await scene()
            let (first, second) = (
                try await RoleUser(.agentService, in: scene), try await RoleUser(.agentService, in: scene)
            )
            let service = try await first.hasty()
            let new = try await service.registerAgent(type).agentID
            let old = Monitor<AgentID?>(nil)
            let type = type
            let end = await outcome {
                try await service.compact { current in
                    guard current.rawValue == step, old.value == nil else { return }
                    let agent = try await second.registerOlder(type)
                    old.update { $0 = agent }
                }
            }
            // When it is in both streams at last, nobody has to announce it again.
            let isFinished = step == CompactionStep.mainMade.rawValue
            #expect(end.error?.code == (isFinished ? nil : .forbidden))
            #expect(try await (scene.management.queue(scene.name("directory.copy")) == nil) == isFinished)
            let agent = try #require(old.value)
            if step == CompactionStep.copyMade.rawValue {
                let first = try await scene.records().first { $0.type == "registered" }
                #expect(first?.headers["warren-copied"] == nil, "the stream was not deleted")
            }
            try await expectOwners([new: first, agent: second], in: scene, "meanwhile")
            let operating = try await person.hasty()
            try await operating.compact()
            #expect(try await scene.management.queue(scene.name("directory.copy")) == nil)
            try await expectOwners([new: first, agent: second], in: scene, "after")
            for client in [operating, service] { await client.close() }
            for user in [first, second, person] { try await user.remove() }
        }

        /// A session that reads the directory only now finds these agents, and knows whom they belong to.
        private func expectOwners(_ owners: [AgentID: RoleUser], in scene: Scene, _ session: String) async throws {
            let newcomer = try await scene.user(session)
            #expect(try await Set(newcomer.discover(type)) == Set(owners.keys))
            let directory = try #require(newcomer.session).directory
            for (agent, owner) in owners {
                for user in owners.values {
                    #expect(directory.isOwner(user.name, of: .agent(agent)) == (user.name == owner.name))
                }
            }
            await newcomer.close()
        }
    }
}
