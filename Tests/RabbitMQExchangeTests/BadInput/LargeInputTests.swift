import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests.BadInputTests {
    @Suite("that is larger than the receiver takes")
    struct LargeInputTests {
        @Test("Headers larger than the frames of an agent cost no connection", arguments: BrokerTests.kinds)
        func headers(_ kind: MailboxKind) async throws {
            var scene = try await Scene(kind)
            scene.urls["agent"] = scene.broker.amqpURL + "?frame_max=4096"
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Small"))
            let agent = try await scene.serve(registration, "agent")
            let request = try Request(
                from: user.id,
                to: agent.id,
                deadline: Date(timeIntervalSinceNow: 20),
                context: ["baggage": String(repeating: "x", count: 6000)],
                .ping
            )
            try await user.transport.send(.request(request))
            _ = try await user.handle(to: registration.agentID).ping(timeout: .seconds(20))
            let id = registration.agentID.uuid.uuidString.lowercased()
            try await scene.expectLoad(.empty, of: "agent.\(id)")
            #expect(!scene.log.entries.contains { $0.message.contains("connection") && $0.message.contains("lost") })
            await agent.close()
            await user.close()
        }

        @Test("Bodies are refused with messageTooLarge, or parked without them", arguments: BrokerTests.kinds)
        func bodies(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            var small = scene
            small.configuration.maximumMessageSize = 1000
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Small"))
            let agent = try await small.serve(registration, "agent")
            let handle = user.handle(to: registration.agentID)
            let large = ActionArguments(
                payload: Payload(contentType: "application/octet-stream", bytes: Data(count: 1001))
            )
            let refused = await outcome { try await handle.action("double", large, deadline: .seconds(20)) }
            #expect(refused.error?.code == .messageTooLarge, "\(String(describing: refused.error))")
            // The answer of an agent that may send more than the caller takes.
            let caller = try await small.user("caller")
            let other = try await user.registerAgent(AgentType("Large"))
            let talker = try await scene.exchange("talker").makeAgentClient(other) { request, _ in
                request.response(Payload(contentType: "application/octet-stream", bytes: Data(count: 1001)))
            }
            let answer = await outcome {
                try await caller.handle(to: other.agentID).action("talk", deadline: .seconds(20))
            }
            #expect(answer.error?.code == .messageTooLarge, "\(String(describing: answer.error))")
            try await ForeignClient.run(in: scene) { foreign in
                let key = "agent.\(registration.agentID.uuid.uuidString.lowercased())"
                try await foreign.publish(MessageProperties(), String(repeating: "x", count: 1001), to: key)
                try await scene.expectLoad(.init(ready: 1), of: "parked")
                let parked = try #require(try await foreign.take(from: scene.name("parked")).first)
                #expect(parked.body.isEmpty)
                #expect(parked.properties.headers["warren-detail"]?.stringValue?.hasPrefix("its 1001 bytes") == true)
            }
            #expect(try await handle.action("double", .init(4), returning: Int.self, deadline: .seconds(20)) == 8)
            for client in [agent, talker] { await client.close() }
            for client in [user, caller] { await client.close() }
        }

        @Test("A list of parked messages holds bodies of the receive window, and tells the size of each")
        func parkedBodies() async throws {
            let scene = try await Scene(.single)
            let user = try await scene.user("user")
            let agent = try await scene.serve(try await user.registerAgent(AgentType("Small")), "agent")
            try await ForeignClient.run(in: scene) { foreign in
                for id in ["a", "b", "c"] {
                    let key = "agent.\(agent.id.uuid.uuidString.lowercased())"
                    try await foreign.publish(
                        MessageProperties(messageID: id),
                        String(repeating: id, count: 700),
                        to: key
                    )
                }
            }
            try await scene.expectLoad(.init(ready: 3), of: "parked")
            var narrow = scene
            narrow.configuration.receiveWindowBytes = 1500
            let administration = try await narrow.exchange("admin").openAdministration()
            let all = try await administration.parked()
            #expect(all.map(\.size) == [700, 700, 700])
            #expect(all.map(\.body.count) == [700, 700, 0])
            let last = try await administration.parked { $0.id == "c" }
            #expect(last.map(\.body) == [Data(String(repeating: "c", count: 700).utf8)])
            await administration.close()
            await agent.close()
            await user.close()
        }
    }
}
