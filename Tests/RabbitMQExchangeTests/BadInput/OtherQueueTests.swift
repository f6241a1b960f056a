import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests.BadInputTests {
    @Suite("in the queues of a session")
    struct OtherQueueTests {
        @Test("In a session queue it is parked or dropped, and answers still arrive")
        func sessionQueue() async throws {
            let scene = try await Scene()
            let user = try await scene.user("one")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration, "two")
            let handle = user.handle(to: registration.agentID)
            _ = try await handle.ping()
            let sessions = try await scene.management.bindings().filter {
                $0.destination.hasPrefix(scene.name("session.")) && $0.source == scene.name("replies")
            }
            let session = try #require(sessions.first { $0.routingKey.hasPrefix("control.user.") }?.destination)
            try await ForeignClient.run(in: scene) { foreign in
                let replies = try await foreign.replyQueue()
                for bad in BadMessage.all(to: agent.id, replyTo: replies) {
                    try await foreign.publish(bad.properties, bad.body, to: session)
                    _ = try await handle.ping()
                    // A request does not belong in a session queue: it is not answered either.
                    guard bad.fate != .dropped else { continue }
                    try await expectParked(bad.what, by: foreign, in: scene)
                    #expect(try await foreign.take(from: replies).isEmpty, "\(bad.what)")
                }
                var lost = BadMessage.goodProperties(to: .user(UserID()), replyTo: replies)
                lost.type = "ping-response"
                try await foreign.publish(lost, to: session)
                lost.headers["warren-destination-name"] = .string(String(repeating: "n", count: 100_000))
                try await foreign.publish(lost, to: session)
                try await expectParked("a response that can't be forwarded", by: foreign, in: scene)
                _ = try await handle.ping()
            }
            try await scene.expectLoad(.empty, of: String(session.dropFirst(scene.name("").count)))
            await agent.close()
            await user.close()
        }

        @Test("In the queue of dead letters it is parked, answered or dropped")
        func deadLetters() async throws {
            let scene = try await Scene()
            let user = try await scene.user()
            try await ForeignClient.run(in: scene) { foreign in
                let replies = try await foreign.replyQueue()
                for bad in BadMessage.all(to: .agent(AgentID()), replyTo: replies) {
                    try await foreign.publish(bad.properties, bad.body, to: "unanswered", through: "dead-letters")
                    if bad.properties.headers["CC"] != nil {
                        // The foreign client itself sent a second copy to the parked queue.
                        try await expectParked(bad.what, by: foreign, in: scene)
                    }
                    try await expectParked(bad.what, by: foreign, in: scene)
                }
                for bad in BadMessage.all(to: .agent(AgentID()), replyTo: replies)
                where bad.fate == .answered && !bad.what.contains("almost a frame") {
                    var properties = bad.properties
                    properties.headers["warren-reason"] = "expired"
                    try await foreign.publish(properties, bad.body, to: "unanswered", through: "dead-letters")
                    let answer = try await eventually("an answer to \(bad.what)") {
                        try await foreign.channel.get(replies, deadline: .soon)
                    }
                    answer.acknowledge()
                    #expect(answer.properties.correlationID == properties.correlationID, "\(bad.what)")
                }
                #expect(try await foreign.take(from: scene.name("parked")).isEmpty)
            }
            try await scene.expectLoad(.empty, of: "unanswered")
            await user.close()
        }

        @Test("In a terminated mailbox it is parked, or answered with mailboxTerminated", arguments: BrokerTests.kinds)
        func terminatedMailbox(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let id = EntityID.agent(registration.agentID)
            let key = "agent.\(id.uuid.uuidString.lowercased())"
            try await ForeignClient.run(in: scene) { foreign in
                let replies = try await foreign.replyQueue()
                // Responses are dropped with the mailbox. Requests for somebody else are answered like the others here.
                let bad = BadMessage.all(to: id, replyTo: replies).filter {
                    $0.properties.type?.hasSuffix("-response") != true
                }
                for bad in bad { try await foreign.publish(bad.properties, bad.body, to: key) }
                try await user.terminate(registration.agentID)
                let settled = try await eventually("all \(bad.count) to be settled") {
                    let parked = try await foreign.channel.declareQueue(
                        QueueDeclaration(name: scene.name("parked"), passive: true),
                        deadline: .soon
                    )
                    let answers = try await foreign.channel.declareQueue(
                        QueueDeclaration(name: replies),
                        deadline: .soon
                    )
                    return parked.messageCount + answers.messageCount >= bad.count
                        ? (parked.messageCount, answers.messageCount) : nil
                }
                #expect(settled.0 + settled.1 == bad.count)
                #expect(settled.1 >= bad.count { $0.fate == .answered && !$0.what.contains("almost a frame") })
            }
            #expect(try await user.status(of: registration.agentID) == .terminated)
            try await eventually("the queue to be gone") { try await scene.load(of: key) == nil }
            try await scene.expectLoad(.empty, of: "unanswered")
            await user.close()
        }

        @Test("In the directory it is skipped, and discovery stays complete")
        func directory() async throws {
            let scene = try await Scene()
            let user = try await scene.user("one")
            _ = try await user.discover(AgentType("Clerk"))
            try await ForeignClient.run(in: scene) { foreign in
                let records: [MessageProperties] = [
                    MessageProperties(), MessageProperties(type: "registered"), MessageProperties(type: "fence"),
                    MessageProperties(correlationID: "x", type: "fence"),
                    MessageProperties(headers: ["warren-entity": 5], type: "registered"),
                    MessageProperties(headers: ["warren-entity": "agent:1"], type: "terminated"),
                    MessageProperties(
                        headers: ["warren-entity": .string("agent:\(UUID())"), "warren-lineage": "a,,b"],
                        type: "registered"
                    ),
                    MessageProperties(
                        headers: ["warren-entity": .string("agent:\(UUID())"), "warren-lineage": "Agent,%"],
                        type: "registered"
                    ),
                    MessageProperties(headers: ["x-stream-offset": .int64(.max)], type: ""),
                    MessageProperties(headers: ["x": .string(String(repeating: "x", count: 130_000))], type: "dance"),
                ]
                for (number, record) in (0..<200).map({ ($0, records[$0 % records.count]) }) {
                    try await foreign.publish(record, "not for us \(number)", to: "foreign.record", through: "agents")
                }
            }
            let registration = try await user.registerAgent(AgentType("Clerk"))
            #expect(try await user.discover(AgentType("Clerk")) == [registration.agentID])
            let newcomer = try await scene.user("two")
            #expect(try await newcomer.discover(AgentType("Clerk")) == [registration.agentID])
            #expect(try await newcomer.discover(typeNamed: "Agent") == [registration.agentID])
            await newcomer.close()
            await user.close()
        }

        private func expectParked(_ what: String, by foreign: ForeignClient, in scene: Scene) async throws {
            let parked = try await eventually("\(what) to be parked") {
                try await foreign.channel.get(scene.name("parked"), deadline: .soon)
            }
            parked.acknowledge()
        }
    }
}
