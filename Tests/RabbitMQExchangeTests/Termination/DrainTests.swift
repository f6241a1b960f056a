import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("What a drain does with the requests in a mailbox")
    struct DrainTests {
        @Test("It answers them; those that nobody takes the answer of at once go to the dead letters", arguments: kinds)
        func answers(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.exchange().makeUserTransport(name: nil)
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let id = EntityID.agent(registration.agentID)
            let asker = try await user.registerAgent(AgentType("Asker"))
            let askers = try scene.exchange("asker")
            try await ForeignClient.run(in: scene) { foreign in
                // A second queue for what comes to the dead letters.
                let tap = "tap-\(UUID().uuidString)"
                try await foreign.channel.declareQueue(
                    QueueDeclaration(name: tap, durable: false, exclusive: true, autoDelete: true),
                    deadline: .soon
                )
                try await foreign.channel.bind(
                    .queue(tap),
                    to: scene.name("dead-letters"),
                    routingKey: "unanswered",
                    deadline: .soon
                )
                // Of one that is there, and of one whose session is gone, with a mailbox that is not open.
                var tags: Set<UUID> = []
                for _ in 1...50 {
                    let request = try Request(from: user.mailboxID, to: id, .ping)
                    try await user.send(.request(request))
                    tags.insert(request.tag)
                }
                let gone = try await askers.makeAgentTransport(asker, mode: .exclusive)
                let lost = try Request(from: gone.mailboxID, to: id, .ping)
                try await gone.send(.request(lost))
                await gone.close()

                try await user.terminate(id)
                while !tags.isEmpty {
                    let response = try await response(to: user)
                    #expect(tags.remove(response.tag) != nil)
                    #expect(response.failure?.code == .mailboxTerminated)
                }
                let again = try await scene.exchange("another").makeAgentTransport(asker, mode: .exclusive)
                let late = try await response(to: again)
                #expect(late.tag == lost.tag && late.failure?.code == .mailboxTerminated)
                let moved = try await foreign.take(from: tap).filter { $0.properties.type != "warren-marker" }
                #expect(moved.map(\.properties.correlationID) == [lost.tag.uuidString.lowercased()])
                await again.close()
            }
            try await scene.expectLoad(.empty, of: "unanswered")
            await user.close()
        }

        private func response(to transport: any ExchangeTransport) async throws -> Response {
            while true {
                if case .response(let response) = try await transport.receive(timeout: .seconds(20)) { return response }
            }
        }
    }
}

extension Response {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = outcome { failure } else { nil }
    }
}
