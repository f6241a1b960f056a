import AgentExchange
import ExchangeTestKit
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("The life of a session")
    struct SessionLifeTests {
        private struct Witness: Sendable {
            weak let session: Session?
        }

        @Test("One that was closed is freed, with its directory and its consumers")
        func freed() async throws {
            let scene = try await Scene()
            let witness = try await use(scene)
            try await eventually("the session to be freed") { witness.session == nil }
        }

        private func use(_ scene: Scene) async throws -> Witness {
            let exchange = try scene.exchange()
            let user = try await exchange.makeUserClient()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration)
            _ = try await user.handle(to: registration.agentID).ping()
            #expect(try await user.discover(AgentType("Clerk")) == [registration.agentID])
            let transport = try #require(user.transport as? RabbitMQTransport)
            let witness = Witness(session: transport.session)
            #expect(witness.session != nil)
            await agent.close()
            try await user.terminate(registration.agentID)
            await user.close()
            return witness
        }
    }
}
