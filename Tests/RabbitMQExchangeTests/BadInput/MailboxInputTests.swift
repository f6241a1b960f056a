import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Bad input")
    struct BadInputTests {}
}

extension BrokerTests.BadInputTests {
    @Suite("in a mailbox")
    struct MailboxInputTests {
        @Test("is parked with a reason or answered with an error, each kind by itself", arguments: BrokerTests.kinds)
        func eachKind(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration)
            let id = agent.id
            try await ForeignClient.run(in: scene) { foreign in
                let replies = try await foreign.replyQueue()
                for bad in BadMessage.all(to: id, replyTo: replies) {
                    try await foreign.publish(bad.properties, bad.body, to: Self.key(id))
                    _ = try await user.handle(to: registration.agentID).ping()
                    switch bad.fate {
                    case .parked:
                        let parked = try await Self.one(from: scene.name("parked"), by: foreign)
                        let headers = parked?.properties.headers
                        #expect(headers?["warren-reason"]?.stringValue == "malformed", "\(bad.what)")
                        #expect(headers?["warren-detail"]?.stringValue?.isEmpty == false, "\(bad.what)")
                        #expect(parked?.body == Data(bad.body.utf8), "\(bad.what)")
                    case .answered:
                        let answer = try await Self.one(from: replies, by: foreign)?.properties
                        #expect(answer?.type?.hasSuffix("-response") == true, "\(bad.what)")
                        #expect(answer?.headers["warren-error-code"]?.stringValue != nil, "\(bad.what)")
                        #expect(answer?.correlationID == bad.properties.correlationID, "\(bad.what)")
                    case .dropped:
                        try await scene.log.entry { $0.message == "a response came that no handle waits for" }
                    }
                    #expect(try await foreign.take(from: replies).isEmpty, "\(bad.what)")
                    #expect(try await foreign.take(from: scene.name("parked")).isEmpty, "\(bad.what)")
                }
            }
            try await scene.expectLoad(.empty, of: Self.key(id))
            try await scene.expectLoad(.empty, of: "unanswered")
            await agent.close()
            await user.close()
        }

        @Test("does not follow a reply_to that leads elsewhere", arguments: BrokerTests.kinds)
        func replyToElsewhere(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration)
            try await ForeignClient.run(in: scene) { foreign in
                for target in [scene.name("parked"), Self.key(agent.id), "control.\(Self.key(agent.id))", "", "other"] {
                    var properties = BadMessage.goodProperties(to: agent.id, replyTo: target)
                    properties.type = "dance"
                    try await foreign.publish(properties, to: Self.key(agent.id))
                    _ = try await user.handle(to: registration.agentID).ping()
                }
                #expect(try await foreign.take(from: scene.name("parked")).isEmpty)
            }
            try await scene.expectLoad(.empty, of: Self.key(agent.id))
            await agent.close()
            await user.close()
        }

        @Test("comes 10,000 times at random, and valid requests among it are answered", arguments: BrokerTests.kinds)
        func flood(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration)
            let id = agent.id
            let seed = SeededGenerator.processSeed
            print("bad input: WARREN_SEED=\(seed)")
            let start = ContinuousClock.now
            let slowest = try await ForeignClient.run(in: scene) { foreign in
                let replies = try await foreign.replyQueue()
                let flood = Task { try await Self.flood(id, replies, by: foreign, seed: seed) }
                var slowest = Duration.zero
                for number in 1...200 {
                    let call = ContinuousClock.now
                    let handle = user.handle(to: registration.agentID)
                    #expect(try await handle.action("double", .init(number), returning: Int.self) == 2 * number)
                    slowest = max(slowest, call.duration(to: .now))
                }
                let fates = try await flood.value
                try await scene.expectLoad(.init(ready: fates.parked), of: "parked", timeout: .seconds(60))
                try await eventually(
                    "\(fates.answered) answers, WARREN_SEED=\(seed)",
                    timeout: .seconds(60),
                    value: {
                        try await foreign.channel.declareQueue(.init(name: replies), deadline: .soon).messageCount
                    }
                ) { $0 == fates.answered }
                return slowest
            }
            let queue = Self.key(id)
            try await scene.expectLoad(.empty, of: queue)
            try await scene.expectLoad(.empty, of: "unanswered")
            print("bad input: \(start.duration(to: .now)) in all, slowest valid request \(slowest)")
            #expect(slowest < .seconds(10))
            await agent.close()
            await user.close()
        }

        private struct Fates: Sendable {
            var parked = 0
            var answered = 0
        }

        /// Publishes 10,000 messages, 200 at a time, each with a tag of its own.
        private static func flood(
            _ id: EntityID,
            _ replies: String,
            by foreign: ForeignClient,
            seed: UInt64
        ) async throws -> Fates {
            var generator = SeededGenerator(seed: seed)
            let key = key(id)
            let all = BadMessage.all(to: id, replyTo: replies)
            // Almost a frame each: only now and then.
            let small = all.filter { !$0.what.contains("almost a frame") }
            var fates = Fates()
            for _ in 0..<50 {
                var batch: [BadMessage] = []
                for _ in 0..<200 {
                    let choice = (batch.isEmpty ? all : small).randomElement(using: &generator)
                    if let choice { batch.append(choice.withNewTag()) }
                }
                fates.parked += batch.count { $0.fate == .parked }
                fates.answered += batch.count { $0.fate == .answered }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for bad in batch {
                        group.addTask { try await foreign.publish(bad.properties, bad.body, to: key) }
                    }
                    try await group.waitForAll()
                }
            }
            return fates
        }

        private static func one(from queue: String, by foreign: ForeignClient) async throws -> Delivery? {
            let delivery = try await eventually("a message in \(queue)", timeout: .seconds(10)) {
                try await foreign.channel.get(queue, deadline: .soon)
            }
            delivery.acknowledge()
            return delivery
        }

        private static func key(_ id: EntityID) -> String { "\(id.role.rawValue).\(id.uuid.uuidString.lowercased())" }
    }
}
