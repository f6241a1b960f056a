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

        @Test(
            "An event that waits for the subscriptions while its receiver lets go of a shared channel goes to the next one",
            .timeLimit(.minutes(3))
        )
        func waitingEvent() async throws {
            var scene = try await Scene(.single) { $0.maximumReconnectDelay = .seconds(1) }
            let (name, password) = ("late-\(UUID().uuidString.prefix(8).lowercased())", UUID().uuidString)
            scene.urls["two"] = "amqp://\(name):\(password)@127.0.0.1:\(scene.broker.port)"
            let user = try #require(try await scene.exchange().makeUserTransport(name: nil) as? any EventTransport)
            let slot = try await user.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
            try await user.declareSlots([slot.agentID], ofType: "clerk")
            try await user.subscribe(Subscription(.type("news"), agentType: "clerk"), adopting: false)
            let others = try await user.registerAgents(
                (0..<MailboxChannels.ownLimit).map { _ in AgentToRegister(AgentType("Many")) }
            )
            try await scene.broker.control("add_user", name, password)
            // It reads the log of subscriptions only with a record of its own.
            try await scene.broker.control("set_permissions", name, ".*", "^(?!.*subscriptions).*$", ".*")
            var transports: [any ExchangeTransport] = []
            for other in others { transports.append(try await scene.exchange("two").makeAgentTransport(other)) }
            let taker = try EventTaker(try await scene.exchange("two").makeAgentTransport(slot))
            let payload = Payload(contentType: "application/json", bytes: Data("1".utf8))
            let event = try Event(Topic("news", source: "s"), dataType: "Note", payload: payload, id: "1")
            #expect(try await user.publish(event))
            try await scene.log.entry { $0.message.hasPrefix("the log of subscriptions could not be read") }
            await taker.close()
            try await scene.broker.control("set_permissions", name, ".*", ".*", ".*")
            let next = try EventTaker(try await scene.exchange("three").makeAgentTransport(slot))
            for delivery in try await next.wait(for: ["1"]) { next.transport.settle(delivery) }
            await next.close()
            #expect(taker.deliveries.value.isEmpty)
            for transport in transports { await transport.close() }
            try await user.terminate(.agent(slot.agentID))
            await user.close()
            try await scene.broker.control("delete_user", name)
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
