import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Removing a namespace")
    struct RemovalTests {
        /// Queues and exchanges, without what a connection takes with it.
        private func objects(of scene: Scene) async throws -> [String] {
            let queues = try await scene.management.queues().map(\.name)
            let exchanges = try await scene.management.exchanges().map(\.name)
            return (queues + exchanges).filter { $0.hasPrefix(scene.name("")) && !$0.contains(".session.") }
        }

        @Test("Nothing comes back while who removed it is still connected", arguments: kinds)
        func staysRemoved(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            _ = try await user.registerAgent(AgentType("Clerk"))
            await user.close()
            let administration = try await scene.exchange("administration").openAdministration()
            // It reads the directory, and so would make it again when the broker ends its consumer.
            #expect(try await administration.agents().count == 1)
            #expect(try await administration.removeNamespace() >= 8)
            #expect(try await objects(of: scene).isEmpty)
            // A consumer that the broker ended is started again within a second.
            let end = ContinuousClock.now + .seconds(3)
            while .now < end {
                let left = try await objects(of: scene)
                #expect(left.isEmpty)
                if !left.isEmpty { break }
                _ = try await administration.isProvisioned()
            }
            await administration.close()
        }

        @Test("A namespace whose name begins alike is left alone, and receivers are counted")
        func others() async throws {
            let scene = try await Scene()
            let other = Scene(scene, namespace: scene.namespace + "-2")
            for each in [scene, other] {
                let user = try await each.user()
                let registration = try await user.registerAgent(AgentType("Clerk"))
                let agent = try await each.serve(registration, "one")
                let administration = try await each.exchange("administration").openAdministration()
                // The agent, the user, and the dead letters of their session.
                try await eventually("three", value: { try await administration.contents().consumers }) { $0 == 3 }
                await administration.close()
                await agent.close()
                await user.close()
            }
            let before = try await objects(of: other)
            let administration = try await scene.exchange("administration").openAdministration()
            try await administration.removeNamespace()
            #expect(try await administration.contents().isEmpty)
            await administration.close()
            #expect(try await objects(of: scene).isEmpty)
            #expect(try await objects(of: other) == before)
        }
    }
}
