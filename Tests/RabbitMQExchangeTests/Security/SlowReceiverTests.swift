import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("A receiver that is slow")
    struct SlowReceiverTests {
        @Test("holds no more than its prefetch, whatever waits for it", arguments: kinds)
        func bounded(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.prefetch = 8 }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let id = EntityID.agent(registration.agentID)
            // Attached, and nobody receives.
            let agent = try await scene.exchange("agent").makeAgentTransport(registration, mode: .exclusive)
            let before = try #require(ProcessFigures()).resident
            let payload = try ActionArguments(String(repeating: "x", count: 64 << 10))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        for _ in 0..<30 {
                            let request = try Request(from: user.id, to: id, .action(name: "store", arguments: payload))
                            try await user.transport.send(.request(request))
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await scene.expectLoad(
                QueueLoad(ready: 1492, held: 8),
                of: "agent.\(registration.agentID.uuid.uuidString.lowercased())"
            )
            let grown = try #require(ProcessFigures()).resident - before
            // What waits has 94 MiB.
            #expect(grown < 40 << 20, "\(grown >> 20) MiB")
            await agent.close()
            try await user.transport.terminate(id)
            await user.close()
        }
    }
}
