import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Synchronization
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("Requests that are published twice")
    struct DuplicateTests {
        @Test("run once, and are answered again when the copy comes after the answer", arguments: kinds)
        func afterTheAnswer(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let runs = Monitor(0)
            let agent = try await agent(registration, scene, runs)
            try await ForeignClient.run(in: scene) { foreign in
                let replies = try await foreign.replyQueue()
                let request = BadMessage.goodProperties(to: agent.id, replyTo: replies)
                for round in 1...3 {
                    try await foreign.publish(request, #"{"positional":[4]}"#, to: key(agent.id))
                    let answer = try await answer(in: replies, foreign)
                    #expect(answer.properties.correlationID == request.correlationID, "copy \(round)")
                    #expect(String(decoding: answer.body, as: UTF8.self) == "4", "copy \(round)")
                    try await expectNothingHeld(by: agent)
                }
                try await scene.expectLoad(.empty, of: key(agent.id))
                #expect(runs.value == 1)
                // An answer of more than 64 KiB is not kept: the copy is dropped.
                let large = BadMessage.goodProperties(to: agent.id, replyTo: replies)
                for copy in 1...2 {
                    try await foreign.publish(large, #"{"positional":[100000]}"#, to: key(agent.id))
                    if copy == 1 {
                        _ = try await answer(in: replies, foreign)
                        try await expectNothingHeld(by: agent)
                    }
                    try await scene.expectLoad(.empty, of: key(agent.id))
                }
                #expect(try await foreign.take(from: replies).isEmpty)
                #expect(runs.value == 2)
            }
            await agent.close()
            await user.close()
        }

        @Test("run once and are answered once when the copy comes while they run", arguments: kinds)
        func whileRunning(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let runs = Monitor(0)
            let gate = Gate()
            let agent = try await agent(registration, scene, runs, gate)
            try await ForeignClient.run(in: scene) { foreign in
                let replies = try await foreign.replyQueue()
                let request = BadMessage.goodProperties(to: agent.id, replyTo: replies)
                for _ in 1...5 { try await foreign.publish(request, #"{"positional":[4]}"#, to: key(agent.id)) }
                try await gate.waitForVisitor()
                try await scene.expectLoad(QueueLoad(ready: 0, held: 1), of: key(agent.id))
                gate.open()
                _ = try await answer(in: replies, foreign)
                try await scene.expectLoad(.empty, of: key(agent.id))
                #expect(try await foreign.take(from: replies).isEmpty)
                #expect(runs.value == 1)
            }
            await agent.close()
            await user.close()
        }

        /// An agent whose answer has as many digits as the request says, or is the number itself.
        private func agent(
            _ registration: AgentRegistration,
            _ scene: Scene,
            _ runs: Monitor<Int>,
            _ gate: Gate? = nil
        ) async throws -> AgentExchangeClient {
            try await scene.exchange("two").makeAgentClient(registration) { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                runs.update { $0 += 1 }
                await gate?.pass()
                let size = try arguments.decode(Int.self)
                guard size > 1000 else { return try request.response(encoding: size) }
                return try request.response(encoding: String(repeating: "7", count: size))
            }
        }

        /// Waits until the answers are confirmed to the agent: a copy that comes before belongs to the first request.
        private func expectNothingHeld(by agent: AgentExchangeClient) async throws {
            let contents = try #require(agent.transport as? RabbitMQTransport).attachment.contents
            try await eventually("no held request", value: { contents.held.withLock { $0.count } }) { $0 == 0 }
        }

        private func answer(in queue: String, _ foreign: ForeignClient) async throws -> Delivery {
            let delivery = try await eventually("an answer", timeout: .seconds(10)) {
                try await foreign.channel.get(queue, deadline: .soon)
            }
            delivery.acknowledge()
            return delivery
        }

        private func key(_ id: EntityID) -> String { "\(id.role.rawValue).\(id.uuid.uuidString.lowercased())" }
    }
}
