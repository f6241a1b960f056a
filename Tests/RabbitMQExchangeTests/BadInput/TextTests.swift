import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests.BadInputTests {
    @Suite("in bytes that are no text")
    struct TextTests {
        private static let noText = [UInt8](repeating: 0xff, count: 255)

        @Test("Texts that are not UTF-8 are parked or answered, wherever they stand", arguments: BrokerTests.kinds)
        func notUTF8(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration)
            let key = "agent.\(agent.id.uuid.uuidString.lowercased())"
            let publisher = try RawPublisher(port: scene.broker.port)
            try await ForeignClient.run(in: scene) { foreign in
                let replies = try await foreign.replyQueue()
                func send(_ change: (inout RawPublisher.Properties) -> Void) throws {
                    var properties = Self.good(to: agent.id, replyTo: replies)
                    change(&properties)
                    try publisher.publish(properties, exchange: scene.name("mailboxes"), key: key)
                }
                func next(_ queue: String, _ what: String) async throws -> MessageProperties {
                    let delivery = try await eventually(what) {
                        try await foreign.channel.get(queue, deadline: .soon)
                    }
                    delivery.acknowledge()
                    return delivery.properties
                }
                let parked = scene.name("parked")
                try send { $0.type = Self.noText }
                #expect(try await next(parked, "the type").headers["warren-reason"] == "malformed")
                try send { $0.correlationID = Self.noText }
                _ = try await next(parked, "the correlation id")
                try send { $0.headers[1].value = [0xc3, 0x28] }
                _ = try await next(parked, "the source")
                try send { $0.headers[1].name = [0xff] }
                _ = try await next(parked, "the name of the source")
                try send { $0.headers.append((name: Self.noText, value: Self.noText)) }
                #expect(try await next(replies, "a foreign header").headers["warren-error-code"] == nil)
                try send { $0.contentType = Self.noText }
                #expect(try await next(replies, "the content type").headers["warren-error-code"] == nil)
                try send {
                    $0.type = Array("action-request".utf8)
                    $0.headers.append((name: Array("warren-action".utf8), value: [0xff, 0xfe]))
                }
                #expect(try await next(replies, "the action").headers["warren-error-code"] == "invalid-message")
                try send { $0.replyTo = Self.noText }
                _ = try await user.handle(to: registration.agentID).ping()
                #expect(try await foreign.take(from: replies).isEmpty, "there is nobody to answer")

                // The same in a mailbox that is terminated: answered by the drain, or parked by way of the dead letters.
                await agent.close()
                try send { $0.type = Self.noText }
                try send { $0.contentType = Self.noText }
                try await user.terminate(registration.agentID)
                _ = try await next(parked, "the type of a dead letter")
                let answer = try await next(replies, "the content type in a terminated mailbox")
                #expect(answer.headers["warren-error-code"] == "mailbox-terminated")
            }
            try await eventually("the queue to be gone") { try await scene.load(of: key) == nil }
            try await scene.expectLoad(.empty, of: "unanswered")
            try await scene.expectLoad(.empty, of: "parked")
            await user.close()
        }

        /// A well-formed ping.
        private static func good(to agent: EntityID, replyTo: String) -> RawPublisher.Properties {
            let headers = [
                ("warren-protocol", "1.0"), ("warren-source", "user:\(UUID().uuidString.lowercased())"),
                ("warren-destination", "agent:\(agent.uuid.uuidString.lowercased())"),
            ]
            return RawPublisher.Properties(
                headers: headers.map { (name: Array($0.utf8), value: Array($1.utf8)) },
                correlationID: Array(UUID().uuidString.lowercased().utf8),
                replyTo: Array(replyTo.utf8),
                type: Array("ping-request".utf8)
            )
        }
    }
}
