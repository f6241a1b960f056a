import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("Telling slots of subscriptions")
    struct TellingTests {
        @Test("A receiver is told while the broker can't ask its mailbox for receivers")
        func busyMailbox() async throws {
            let scene = try await Scene(.replicated)
            let user = try #require(try await scene.exchange().makeUserTransport(name: nil) as? any EventTransport)
            let slot = try await user.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
            try await user.declareSlots([slot.agentID], ofType: "clerk")
            try await user.subscribe(Subscription(.type("news"), agentType: "clerk"), adopting: false)
            let transport = try await scene.exchange("two").makeAgentTransport(slot)
            let intake = try #require(transport as? RabbitMQTransport).attachment.intake
            let taker = try EventTaker(transport)
            let payload = Payload(contentType: "application/json", bytes: Data("1".utf8))
            try await user.publish(Event(Topic("news", source: "s"), dataType: "Note", payload: payload, id: "1"))
            for delivery in try await taker.wait(for: ["1"]) { taker.transport.settle(delivery) }
            #expect(intake.isInformed)
            let queue = scene.name("agent.\(slot.agentID.uuid.uuidString.lowercased())")
            let server = "{list_to_atom(\"%2F_\(queue)\"), node()}"
            try await scene.broker.control("eval", "sys:suspend(\(server)).")
            let other = Subscription(.type("other"), agentType: "clerk")
            let outcome = await outcome { try await user.subscribe(other, adopting: false) }
            try await scene.broker.control("eval", "sys:resume(\(server)).")
            #expect(outcome.error == nil)
            try await eventually("the receiver to be told") { !intake.isInformed }
            await taker.close()
            try await user.terminate(.agent(slot.agentID))
            await user.close()
        }
    }
}
