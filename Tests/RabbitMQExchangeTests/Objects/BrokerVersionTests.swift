import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("What changed with RabbitMQ 4")
    struct BrokerVersionTests {
        @Test("Dead letters that were given back more than 20 times are answered")
        func manyDeliveries() async throws {
            let scene = try await Scene()
            let user = try await scene.user("one")
            await user.close()
            try await eventually("nobody serves dead letters") {
                try await scene.management.queue(scene.name("unanswered"))?.consumers == 0
            }
            try await ForeignClient.run(in: scene) { foreign in
                let replies = try await foreign.replyQueue()
                var properties = MessageProperties()
                properties.type = "ping-request"
                properties.correlationID = UUID().uuidString.lowercased()
                properties.replyTo = replies
                properties.headers = [
                    "warren-protocol": "1.0", "warren-source": .string("user:\(UUID().uuidString.lowercased())"),
                    "warren-destination": .string("agent:\(UUID().uuidString.lowercased())"),
                    "warren-reason": "mailbox-terminated",
                ]
                try await foreign.publish(properties, to: "unanswered", through: "dead-letters")
                for _ in 1...25 {
                    let delivery = try await eventually("the dead letter to come again") {
                        try await foreign.channel.get(scene.name("unanswered"), deadline: .soon)
                    }
                    delivery.reject(requeue: true)
                }
                let next = try await scene.user("two")
                let answer = try await eventually("an answer") {
                    try await foreign.channel.get(replies, deadline: .soon)
                }
                #expect(answer.properties.correlationID == properties.correlationID)
                answer.acknowledge()
                await next.close()
            }
        }

        @Test("A dead letter whose requester can't be reached is held, not given back each second")
        func unreachable() async throws {
            var impatient = try await Scene()
            // Makes the namespace, with the time that this may take.
            try await impatient.user().close()
            impatient.configuration.operationTimeout = .seconds(2)
            let scene = impatient
            let user = try await eventually("a session") { try await scene.user() }
            try await ForeignClient.run(in: scene) { foreign in
                // A session that takes nothing.
                let replies = scene.name("session.\(UUID().uuidString.lowercased())")
                let full: FieldTable = ["x-max-length": 0, "x-overflow": "reject-publish"]
                try await foreign.channel.declareQueue(.init(name: replies, arguments: full), deadline: .soon)
                let source = "agent.\(UUID().uuidString.lowercased())"
                for key in [replies, source] {
                    try await foreign.channel.bind(
                        .queue(replies),
                        to: scene.name("mailboxes"),
                        routingKey: key,
                        deadline: .soon
                    )
                }
                var properties = MessageProperties()
                properties.type = "ping-request"
                properties.correlationID = UUID().uuidString.lowercased()
                properties.replyTo = replies
                properties.headers = [
                    "warren-protocol": "1.0", "warren-source": .string(source.replacing(".", with: ":")),
                    "warren-destination": .string("agent:\(UUID().uuidString.lowercased())"),
                    "warren-reason": "mailbox-terminated",
                ]
                try await foreign.publish(properties, to: "unanswered", through: "dead-letters")
                try await eventually("five tries", timeout: .seconds(60)) {
                    scene.log.entries.filter { $0.message == "an answer could not be sent" }.count >= 5
                }
                await user.close()
                let delivery = try await eventually("the dead letter to be in its queue") {
                    try await foreign.channel.get(scene.name("unanswered"), deadline: .soon)
                }
                #expect(delivery.properties.headers["x-delivery-count"]?.integerValue ?? 0 <= 1)
                delivery.acknowledge()
            }
        }

        @Test(
            "What the broker calls deprecated is not used",
            .enabled(if: PrivateBroker.isVersion4, "only RabbitMQ 4 lists it: PRIVATE_BROKER=4")
        )
        func deprecated() async throws {
            let broker = try await PrivateBroker.start()
            // `list_deprecated_features --used` of 4.0.5 prints an empty line whatever is used.
            func used() async throws -> String {
                try await broker.control("eval", "rabbit_depr_ff_extra:cli_info(used).").trimmingCharacters(
                    in: .newlines
                )
            }
            for kind in kinds {
                let scene = try await Scene(kind, on: broker)
                let user = try await scene.user()
                let registration = try await user.registerAgent(AgentType("Clerk"))
                let agent = try await scene.serve(registration)
                let idle = try await user.registerAgent(AgentType("Idle"))
                _ = try await user.handle(to: registration.agentID).ping()
                // In the middle of a drain, which has a lock.
                async let end: Void = user.terminate(idle.agentID)
                #expect(try await used() == "[]")
                try await end
                await agent.close()
                await user.close()
            }
            // The question can be answered otherwise.
            let scene = try await Scene(on: broker)
            try await ForeignClient.run(in: scene) { foreign in
                try await foreign.channel.declareQueue(.init(name: "transient", durable: false), deadline: .soon)
                #expect(try await used().contains("transient_nonexcl_queues"))
            }
            await broker.stop()
        }
    }
}
