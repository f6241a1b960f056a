import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Topics on a broker")
    struct TopicTests {
        /// A user of a session.
        private func publisher(_ scene: Scene, _ session: String = "one") async throws -> any EventTransport {
            try #require(try await scene.exchange(session).makeUserTransport(name: nil) as? any EventTransport)
        }

        private func event(_ id: String, source: String = "s") throws -> Event {
            let payload = Payload(contentType: "application/json", bytes: Data("1".utf8))
            return try Event(Topic("news", source: source), dataType: "Note", payload: payload, id: id)
        }

        @Test("The log of subscriptions stays small, however many come and go (100,000 in the long form)")
        func churn() async throws {
            let scene = try await Scene(.single)
            let user = try await publisher(scene)
            let (count, tasks) = (LongForm.isWanted ? 100_000 : 800, 16)
            let began = ContinuousClock.now
            try await withThrowingTaskGroup { group in
                for task in 0..<tasks {
                    group.addTask {
                        for number in 0..<(count / tasks) {
                            let subscription = Subscription(.type("t\(number)"), agentType: "a\(task)")
                            try await user.subscribe(subscription, adopting: false)
                            try await user.unsubscribe(id: subscription.id)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let seconds = began.duration(to: .now) / .seconds(1)
            #expect(try await user.subscriptions().isEmpty)
            let size = try await logSize(scene)
            if LongForm.isWanted { print("\(count) in \(seconds) s; the log has \(size >> 10) KiB") }
            #expect(size > 0 && size <= 72 << 20, "\(size)")
            await user.close()
        }

        /// The bytes of the log of subscriptions on the disk of the broker.
        private func logSize(_ scene: Scene) async throws -> Int {
            let directory = try await PrivateBroker.shared().directory
            // The names of the broker's folders have other signs between the words.
            func words(_ text: String) -> String { text.filter { $0.isLetter || $0.isNumber } }
            let name = words(scene.name("subscriptions"))
            let files = FileManager.default.enumerator(atPath: directory)
            var size = 0
            while let path = files?.nextObject() as? String {
                guard words(path).contains(name), path.hasSuffix(".segment") else { continue }
                let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/" + path)
                size += (attributes[.size] as? NSNumber)?.intValue ?? 0
            }
            return size
        }

        @Test("The objects of a type go with its slots, and with its removal", arguments: BrokerTests.kinds)
        func objects(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await publisher(scene)
            let prefix = scene.name("topics.clerk.")
            func exchanges() async throws -> Int {
                try await scene.management.exchanges().count { $0.name.hasPrefix(prefix) }
            }
            for isTerminated in [true, false] {
                let registration = try await user.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
                try await user.declareSlots([registration.agentID], ofType: "clerk")
                for _ in 0..<2 {
                    try await user.subscribe(Subscription(.type("news"), agentType: "clerk"), adopting: true)
                }
                try await user.subscribe(Subscription(.prefix("ne"), agentType: "clerk"), adopting: true)
                #expect(try await exchanges() == 1)
                let bindings = try await scene.management.bindings().filter { $0.destination.hasPrefix(prefix) }
                #expect(Set(bindings.map(\.routingKey)) == ["*.*.news", "*.*.*.#"])
                #expect(bindings.count == 2)
                if isTerminated {
                    try await user.terminate(.agent(registration.agentID))
                    try await eventually("the exchange to go") { try await exchanges() == 0 }
                    #expect(try await user.subscriptions().count == 2)
                } else {
                    try await user.removeType("clerk", slots: [registration.agentID])
                    #expect(try await exchanges() == 0)
                    #expect(try await user.subscriptions().isEmpty)
                    try await user.terminate(.agent(registration.agentID))
                }
            }
            await user.close()
        }

        @Test("A slot without a receiver holds events only, however often subscriptions change")
        func quiet() async throws {
            let scene = try await Scene()
            let user = try await publisher(scene)
            let registration = try await user.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
            try await user.declareSlots([registration.agentID], ofType: "clerk")
            for number in 0..<20 {
                let subscription = Subscription(.type("news"), agentType: "clerk", id: "\(number)")
                try await user.subscribe(subscription, adopting: false)
                if number < 19 { try await user.unsubscribe(id: subscription.id) }
            }
            try await user.publish(try event("1"))
            let id = EntityID.agent(registration.agentID)
            try await scene.expectLoad(QueueLoad(ready: 1), of: Self.queue(id))
            try await user.terminate(id)
            await user.close()
        }

        @Test("The events of a receiver whose connection is cut come again", arguments: BrokerTests.kinds)
        func cut(_ kind: MailboxKind) async throws {
            var scene = try await Scene(kind)
            let proxy = try FaultProxy(targetPort: scene.broker.port)
            scene.urls["two"] = "amqp://guest:guest@127.0.0.1:\(proxy.listenPort)"
            let user = try await publisher(scene)
            let registration = try await user.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
            try await user.declareSlots([registration.agentID], ofType: "clerk")
            try await user.subscribe(Subscription(.type("news"), agentType: "clerk"), adopting: false)
            let taker = try EventTaker(
                try await scene.exchange("two").makeAgentTransport(registration, mode: .exclusive, requestLimit: nil)
            )
            for id in ["1", "2", "3"] { try await user.publish(try event(id)) }
            let first = try await taker.wait(for: ["1", "2", "3"])
            taker.transport.settle(first[0])
            try await scene.expectLoad(QueueLoad(ready: 0, held: 2), of: Self.queue(taker.transport.mailboxID))
            try await proxy.set(.refuse)
            try await proxy.resetConnections()
            try await scene.expectLoad(QueueLoad(ready: 2, held: 0), of: Self.queue(taker.transport.mailboxID))
            // Its handlers go on, and settle what they have when it is back.
            try await proxy.set(.pass)
            try await scene.expectLoad(
                QueueLoad(ready: 0, held: 2),
                of: Self.queue(taker.transport.mailboxID),
                timeout: .seconds(60)
            )
            for delivery in first { taker.transport.settle(delivery) }
            try await scene.expectLoad(.empty, of: Self.queue(taker.transport.mailboxID))
            try await user.publish(try event("4"))
            _ = try await taker.wait(for: ["1", "2", "3", "4"])
            await taker.close()
            // The next receiver gets what was not settled.
            let next = try EventTaker(
                try await scene.exchange("three").makeAgentTransport(registration, mode: .exclusive, requestLimit: nil)
            )
            #expect(try await next.wait(for: ["4"]).map(\.attempt) == [2])
            await next.close()
            try await user.terminate(.agent(registration.agentID))
            await user.close()
            await proxy.stop()
        }

        @Test("A log that was deleted is written again by those who know it, and the exchange of events is made again")
        func deletedLog() async throws {
            let scene = try await Scene()
            let (user, other) = (try await publisher(scene), try await publisher(scene, "two"))
            let registration = try await user.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
            try await user.declareSlots([registration.agentID], ofType: "clerk")
            let subscription = Subscription(.type("news"), agentType: "clerk", id: "mine")
            try await user.subscribe(subscription, adopting: false)
            #expect(try await other.subscriptions() == [subscription])
            try await ForeignClient.run(in: scene) { foreign in
                _ = try await foreign.channel.deleteQueue(scene.name("subscriptions"), deadline: .soon)
            }
            try await eventually("the subscription to be back", timeout: .seconds(60)) {
                try await other.subscriptions() == [subscription]
            }
            let late = try await publisher(scene, "three")
            try await eventually("another session to list it") { try await late.subscriptions() == [subscription] }
            #expect(try await late.publish(try event("1")))
            try await late.unsubscribe(id: "mine")
            #expect(try await user.subscriptions() == [])
            // The exchange of events, with all its bindings.
            try await late.subscribe(subscription, adopting: false)
            try await ForeignClient.run(in: scene) { foreign in
                try await foreign.channel.deleteExchange(scene.name("topics"), deadline: .soon)
            }
            #expect(try await other.publish(try event("2")))
            try await user.terminate(.agent(registration.agentID))
            for transport in [user, other, late] { await transport.close() }
        }

        @Test("Events that can't be read are parked with a reason, and others go on", arguments: BrokerTests.kinds)
        func badEvents(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await publisher(scene)
            let registration = try await user.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
            try await user.declareSlots([registration.agentID], ofType: "clerk")
            try await user.subscribe(Subscription(.type("news"), agentType: "clerk"), adopting: false)
            let taker = try EventTaker(
                try await scene.exchange("two").makeAgentTransport(registration, mode: .exclusive, requestLimit: nil)
            )
            let good: [String: FieldValue] = [
                "warren-protocol": "1.1", "warren-source": .string("user:\(UUID().uuidString.lowercased())"),
                "warren-topic-type": "news", "warren-topic-source": "s", "warren-data-type": "Note",
            ]
            let faults: [(String, FieldValue?)] = [
                ("warren-protocol", "2.0"), ("warren-source", "nobody"), ("warren-topic-type", nil),
                ("warren-topic-type", "a b"), ("warren-topic-source", .string(String(repeating: "x", count: 1025))),
                ("warren-data-type", ""), ("warren-event-id", ""), ("warren-agent-sender", "none"),
            ]
            try await ForeignClient.run(in: scene) { foreign in
                for (name, value) in faults {
                    var headers: FieldTable = [:]
                    for (name, value) in good { headers[name] = value }
                    headers[name] = value
                    let properties = MessageProperties(
                        headers: headers,
                        correlationID: UUID().uuidString.lowercased(),
                        type: "event"
                    )
                    try await foreign.publish(properties, "x", to: Self.queue(taker.transport.mailboxID))
                }
                try await user.publish(try event("1"))
                _ = try await taker.wait(for: ["1"])
                try await scene.expectLoad(QueueLoad(ready: faults.count), of: "parked")
                // One that no subscription takes is dropped.
                var headers: FieldTable = [:]
                for (name, value) in good { headers[name] = name == "warren-topic-type" ? "other" : value }
                let properties = MessageProperties(
                    headers: headers,
                    correlationID: UUID().uuidString.lowercased(),
                    type: "event"
                )
                try await foreign.publish(properties, "x", to: Self.queue(taker.transport.mailboxID))
                taker.transport.settle(taker.deliveries.value[0])
                try await scene.expectLoad(.empty, of: Self.queue(taker.transport.mailboxID))
            }
            #expect(taker.deliveries.value.count == 1)
            await taker.close()
            try await user.terminate(.agent(registration.agentID))
            await user.close()
        }

        @Test("An agent service does everything with topics; a user publishes and lists, and no more")
        func roles() async throws {
            let scene = try await Scene()
            let people = [
                try await RoleUser(.operator, in: scene), try await RoleUser(.agentService, in: scene),
                try await RoleUser(.user, in: scene),
            ]
            await (try await people[0].exchange().makeUserTransport(name: nil)).close()
            let service = try #require(
                try await people[1].exchange().makeUserTransport(name: nil) as? any EventTransport
            )
            let user = try #require(try await people[2].exchange().makeUserTransport(name: nil) as? any EventTransport)
            let registration = try await service.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
            try await service.declareSlots([registration.agentID], ofType: "clerk")
            let subscription = Subscription(.type("news"), agentType: "clerk")
            try await service.subscribe(subscription, adopting: false)
            #expect(try await user.publish(try event("1")))
            #expect(try await user.subscriptions() == [subscription])
            let refusals = [
                await outcome {
                    try await user.subscribe(Subscription(.type("x"), agentType: "clerk"), adopting: false)
                },
                await outcome {
                    try await user.subscribe(Subscription(.type("x"), agentType: "other"), adopting: false)
                },
                await outcome { try await user.unsubscribe(id: subscription.id) },
                await outcome { try await user.declareSlots([registration.agentID], ofType: "clerk") },
                await outcome { try await user.removeType("clerk", slots: [registration.agentID]) },
            ]
            for refusal in refusals { #expect(refusal.error?.code == .forbidden, "\(refusal)") }
            #expect(try await user.publish(try event("2")))
            let taker = try EventTaker(
                try await people[1].exchange().makeAgentTransport(registration, mode: .exclusive, requestLimit: nil)
            )
            let deliveries = try await taker.wait(for: ["1", "2"])
            for delivery in deliveries { taker.transport.settle(delivery) }
            await taker.close()
            try await service.unsubscribe(id: subscription.id)
            try await service.removeType("clerk", slots: [registration.agentID])
            try await service.terminate(.agent(registration.agentID))
            for transport in [user, service] { await transport.close() }
            for person in people { try await person.remove() }
        }

        private static func queue(_ id: EntityID) -> String { "agent.\(id.uuid.uuidString.lowercased())" }
    }
}
