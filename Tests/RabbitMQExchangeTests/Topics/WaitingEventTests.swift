import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Events that wait for a receiver that takes them")
    struct WaitingEventTests {
        /// A slot with a subscription, and a user that publishes to it.
        private struct Stage {
            let scene: Scene
            let user: any EventTransport
            let registration: AgentRegistration

            var mailbox: String { "agent.\(registration.agentID.uuid.uuidString.lowercased())" }

            init(_ scene: Scene) async throws {
                self.scene = scene
                user = try #require(try await scene.exchange().makeUserTransport(name: nil) as? any EventTransport)
                registration = try await user.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
                try await user.declareSlots([registration.agentID], ofType: "clerk")
                try await user.subscribe(Subscription(.type("news"), agentType: "clerk"), adopting: false)
            }

            func publish(_ id: String) async throws {
                let payload = Payload(contentType: "application/json", bytes: Data("1".utf8))
                let event = try Event(Topic("news", source: "s"), dataType: "Note", payload: payload, id: id)
                #expect(try await user.publish(event))
            }

            /// Publishes events while the mailbox is open by a receiver that takes none.
            func setAside(_ ids: [String]) async throws {
                let transport = try await scene.exchange("plain").makeAgentTransport(registration, mode: .exclusive)
                try await setAside(ids, by: transport)
                await transport.close()
            }

            /// Publishes events, and waits until a receiver that takes none has set them aside.
            func setAside(_ ids: [String], by transport: any ExchangeTransport) async throws {
                let receiving = Task { try await transport.receive(timeout: nil) }
                for id in ids { try await publish(id) }
                try await scene.expectLoad(QueueLoad(ready: ids.count), of: "events.\(mailbox)")
                receiving.cancel()
                _ = await receiving.result
            }

            /// Settles all events, waits until none is left, and ends the slot.
            func end(_ taker: EventTaker) async throws {
                for delivery in taker.deliveries.value { taker.transport.settle(delivery) }
                try await scene.expectLoad(.empty, of: mailbox)
                try await scene.expectLoad(.empty, of: "events.\(mailbox)")
                await taker.close()
                try await user.terminate(.agent(registration.agentID))
                await user.close()
            }
        }

        @Test(
            "A receiver without a connection brings them back when it has one again",
            arguments: BrokerTests.kinds
        )
        func connectionLoss(_ kind: MailboxKind) async throws {
            var scene = try await Scene(kind) { $0.operationTimeout = .seconds(2) }
            let proxy = try FaultProxy(targetPort: scene.broker.port)
            scene.urls["two"] = "amqp://guest:guest@127.0.0.1:\(proxy.listenPort)"
            let stage = try await Stage(scene)
            try await stage.setAside(["1", "2"])
            let transport = try await scene.exchange("two").makeAgentTransport(stage.registration, mode: .exclusive)
            try await proxy.set(.refuse)
            try await proxy.resetConnections()
            let taker = try EventTaker(transport)
            try await scene.log.entry { $0.message.hasPrefix("events that waited could not be brought back") }
            try await proxy.set(.pass)
            _ = try await taker.wait(for: ["1", "2"])
            try await stage.end(taker)
            await proxy.stop()
        }

        @Test(
            "A receiver on standby brings back those that were set aside before it was served",
            arguments: BrokerTests.kinds
        )
        func standby(_ kind: MailboxKind) async throws {
            let stage = try await Stage(try await Scene(kind))
            let first = try await stage.scene.exchange("plain").makeAgentTransport(stage.registration, mode: .exclusive)
            let taker = try EventTaker(
                try await stage.scene.exchange("two").makeAgentTransport(stage.registration, mode: .standby)
            )
            try await stage.setAside(["1"], by: first)
            await first.close()
            try await stage.publish("2")
            _ = try await taker.wait(for: ["2", "1"])
            try await stage.end(taker)
        }
    }
}
