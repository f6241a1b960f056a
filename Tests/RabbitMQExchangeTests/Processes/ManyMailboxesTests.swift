import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("More mailboxes than channels of their own")
    struct ManyMailboxesTests {
        /// How many are received through a channel that others use too.
        private static let sharing = 40

        @Test(
            "Mailboxes that share a channel answer, close, come back, and lose their queue, without the others",
            .timeLimit(.minutes(3))
        )
        func sharing() async throws {
            let scene = try await Scene(.single)
            let user = try await scene.user()
            let count = MailboxChannels.ownLimit + Self.sharing
            let registrations = try await user.registerAgents(
                (0..<count).map { _ in AgentToRegister(AgentType("Many")) }
            )
            var agents: [AgentExchangeClient] = []
            for registration in registrations { agents.append(try await scene.serve(registration)) }
            let shared = agents.suffix(Self.sharing)
            try await expectAnswers(of: agents, to: user)

            // One lets go of its mailbox, and takes it again.
            await agents[count - 1].close()
            try await expectAnswers(of: agents.dropLast(), to: user)
            agents[count - 1] = try await scene.serve(registrations[count - 1])
            // One is terminated, and an operator deletes the queue of another.
            try await user.terminate(registrations[count - 2].agentID)
            let deleted = registrations[count - 3].agentID
            try await ForeignClient.run(in: scene) { foreign in
                let queue = scene.name("agent.\(deleted.uuid.uuidString.lowercased())")
                try await foreign.channel.deleteQueue(queue, deadline: .soon)
            }
            #expect(await agents[count - 3].waitUntilStopped().code == .unavailable)
            try await expectAnswers(of: agents.dropLast(3) + [agents[count - 1]], to: user)
            #expect(shared.count == Self.sharing)

            for agent in agents { await agent.close() }
            await user.close()
        }

        private func expectAnswers(of agents: some Sequence<AgentExchangeClient>, to user: UserExchangeClient)
            async throws
        {
            try await withThrowingTaskGroup { group in
                for agent in agents {
                    group.addTask {
                        let handle = user.handle(to: agent.registration.agentID)
                        let answer = try await handle.action("double", ActionArguments(21), returning: Int.self)
                        #expect(answer == 42)
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
