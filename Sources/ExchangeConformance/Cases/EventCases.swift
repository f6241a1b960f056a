import AgentExchange
import Foundation

/// Events: their way into slots, their order, their holds.
enum EventCases {
    private static let subject = "events"

    static let all = [
        ConformanceCase(subject, "an event has everything that its publisher gave it", needs: [.durable]) { scope in
            let user = try await scope.publisher()
            let clerk = try await scope.slotted(by: user)
            let topic = scope.topic("news")
            let subscription = Subscription(.type(topic), agentType: clerk.name)
            try await user.subscribe(subscription, adopting: false)
            let bytes = Data((0..<200_000).map { UInt8(truncatingIfNeeded: $0) })
            let event = try Event(
                Topic(topic, source: "room/7 ä \u{1F600}"),
                dataType: "demo.Note \"7\"",
                payload: Payload(contentType: "application/x-thing; type=\"a\"", bytes: bytes),
                id: "mine",
                sender: AgentAddress("chief", key: "k/1"),
                context: ["traceparent": "00-1-2-3", "agent-x": "ö"]
            )
            let empty = try Event(Topic(topic, source: ""), dataType: "E", payload: .empty)
            let slot = try await scope.slot(clerk.registrations[0], elsewhere: true)
            try expect(try await user.publish(event), "a slot to take the event")
            try expect(try await user.publish(empty), "a slot to take the empty event")
            try await scope.arrivals(2, at: slot)
            let deliveries = slot.deliveries
            try expectEqual(deliveries[0].event, event, "the event")
            try expectEqual(deliveries[0].attempt, 1, "its attempt")
            try expectEqual(deliveries[0].subscriptions, [subscription], "its subscriptions")
            try expectEqual(deliveries[1].event, empty, "the empty event")
            slot.settleAll()
            try await user.removeType(clerk.name, slots: clerk.slots)
        },
        ConformanceCase(
            subject,
            "events and requests of one transport arrive in order, and what was not settled comes again in order",
            patience: { _ in 8 },
            needs: [.durable]
        ) { scope in
            let user = try await scope.publisher()
            let clerk = try await scope.slotted(by: user)
            let topic = scope.topic("news")
            try await user.subscribe(Subscription(.type(topic), agentType: clerk.name), adopting: false)
            let mailbox = EntityID.agent(clerk.slots[0])
            // Some wait before the slot is opened.
            try await user.publish(try scope.event("1", to: topic))
            let request = try await scope.ping(mailbox, from: user)
            try await user.publish(try scope.event("2", to: topic))
            let first = try await scope.slot(clerk.registrations[0])
            try await user.publish(try scope.event("3", to: topic))
            try expectEqual(
                try await scope.arrivals(4, at: first),
                ["1#1", "request#1", "2#1", "3#1"],
                "the arrivals"
            )
            first.transport.settle(first.deliveries[1])
            await first.close()
            let second = try await scope.slot(clerk.registrations[0], elsewhere: true)
            let again = try await scope.arrivals(3, at: second)
            try expectEqual(again, ["1#2", "request#2", "3#2"], "the arrivals at the next receiver")
            // Another receiver's deliveries are not its own, and settling twice does nothing.
            first.transport.settle(second.deliveries[0])
            second.settleAll()
            second.settleAll()
            try await scope.send(.response(request.response()), by: second.transport)
            _ = try await scope.receiveResponse(at: user)
            await second.close()
            let third = try await scope.slot(clerk.registrations[0])
            try await user.publish(try scope.event("4", to: topic))
            try expectEqual(try await scope.arrivals(1, at: third), ["4#1"], "the arrivals after everything is settled")
            third.settleAll()
            try await user.removeType(clerk.name, slots: clerk.slots)
        },
        ConformanceCase(subject, "events of one publisher stay in order among those of others") { scope in
            let user = try await scope.publisher()
            let clerk = try await scope.slotted(by: user)
            let topic = scope.topic("news")
            try await user.subscribe(Subscription(.type(topic), agentType: clerk.name), adopting: false)
            let slot = try await scope.slot(clerk.registrations[0])
            let publishers = [user, try await scope.publisher(), try await scope.publisher(elsewhere: true)]
            let settler = Task {
                var settled = 0
                while settled < 300, !Task.isCancelled {
                    let deliveries = slot.deliveries
                    for delivery in deliveries[settled...] { slot.transport.settle(delivery) }
                    settled = deliveries.count
                    try await Task.sleep(for: .milliseconds(2))
                }
            }
            try await withThrowingTaskGroup { group in
                for (number, publisher) in publishers.enumerated() {
                    group.addTask {
                        for event in 0..<100 {
                            try await publisher.publish(scope.event("\(number)-\(event)", to: topic))
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await scope.eventually("all events") { slot.received.count >= 300 }
            try await settler.value
            for number in publishers.indices {
                let ids = slot.deliveries.map(\.event.id).filter { $0.hasPrefix("\(number)-") }
                try expectEqual(ids, (0..<100).map { "\(number)-\($0)" }, "the events of publisher \(number)")
            }
            try await user.removeType(clerk.name, slots: clerk.slots)
        },
        ConformanceCase(
            subject,
            "a slot is handed no more events and requests than its limit, and the next when one is settled",
            needs: [.requestLimits]
        ) { scope in
            let user = try await scope.publisher()
            let clerk = try await scope.slotted(by: user)
            let topic = scope.topic("news")
            try await user.subscribe(Subscription(.type(topic), agentType: clerk.name), adopting: false)
            let slot = try await scope.slot(clerk.registrations[0], requestLimit: 2)
            for number in 0..<5 { try await user.publish(try scope.event("\(number)", to: topic)) }
            try await scope.eventually("two events") { slot.received.count >= 2 }
            try await Task.sleep(for: scope.environment.quiet)
            try await scope.arrivals(2, at: slot)
            for number in 0..<5 {
                try await scope.eventually("event \(number)") { slot.deliveries.count > number }
                slot.transport.settle(slot.deliveries[number])
            }
            try expectEqual(slot.texts, (0..<5).map { "\($0)#1" }, "the events")
            try await user.removeType(clerk.name, slots: clerk.slots)
        },
        ConformanceCase(
            subject,
            "requests pass the events of a receiver that takes none, and such events wait for another one",
            patience: { _ in 8 },
            needs: [.durable]
        ) { scope in
            let user = try await scope.publisher()
            let clerk = try await scope.slotted(by: user)
            let topic = scope.topic("news")
            try await user.subscribe(Subscription(.type(topic), agentType: clerk.name), adopting: false)
            // More than any receiver may hold at a time.
            let plain = try await scope.agent(clerk.registrations[0], requestLimit: 2)
            for number in 0..<10 { try await user.publish(try scope.event("\(number)", to: topic)) }
            try await scope.expectAlive(plain, for: user)
            for number in 10..<20 { try await user.publish(try scope.event("\(number)", to: topic)) }
            try await scope.expectAlive(plain, for: user)
            await plain.close()
            let slot = try await scope.slot(clerk.registrations[0], elsewhere: true)
            try await scope.eventually("the events") { slot.deliveries.count >= 20 }
            try expectEqual(slot.texts, (0..<20).map { "\($0)#1" }, "the events")
            slot.settleAll()
            await slot.close()
            let next = try await scope.slot(clerk.registrations[0])
            try await user.publish(try scope.event("last", to: topic))
            try expectEqual(try await scope.arrivals(1, at: next), ["last#1"], "the events after all are settled")
            try await user.removeType(clerk.name, slots: clerk.slots)
        },
        ConformanceCase(subject, "invalid and closed publishers are told, and nothing is published") { scope in
            let user = try await scope.publisher()
            let clerk = try await scope.slotted(by: user)
            let topic = scope.topic("news")
            try await user.subscribe(Subscription(.type(topic), agentType: clerk.name), adopting: false)
            let slot = try await scope.slot(clerk.registrations[0])
            try await expectThrows(.invalidTopic, by: "an event of an invalid topic") {
                _ = try Event(Topic("a b", source: "s"), dataType: "Note", payload: .empty)
            }
            if scope.environment.capabilities.contains(.sizeLimit) {
                let event = try scope.event("large", to: topic, bytes: Data(count: user.maximumMessageSize + 1))
                let error = try await expectThrows(.messageTooLarge, by: "an event that is too large") {
                    try await user.publish(event)
                }
                try expectUndelivered(error)
                let largest = try scope.event("largest", to: topic, bytes: Data(count: user.maximumMessageSize))
                try await user.publish(largest)
                try expectEqual(try await scope.arrivals(1, at: slot), ["largest#1"], "the arrivals")
                slot.settleAll()
            }
            try await user.removeType(clerk.name, slots: clerk.slots)
            await user.close()
            try await expectThrows(.closed, by: "a closed publisher") {
                try await user.publish(try scope.event("1", to: topic))
            }
            try await expectThrows(.closed, by: "a closed transport") { _ = try await user.subscriptions() }
        },
        ConformanceCase(
            "queue limits",
            "a full slot refuses events, and takes more when there is room",
            patience: { _ in 10 },
            needs: [.queueLimit]
        ) { scope in
            let user = try await scope.publisher()
            let clerk = try await scope.slotted(by: user)
            let topic = scope.topic("news")
            try await user.subscribe(Subscription(.type(topic), agentType: clerk.name), adopting: false)
            let limit = scope.environment.queueLimit ?? 0
            var accepted = 0
            let error = try await expectThrows(.mailboxFull, by: "an event to a full slot") {
                while accepted < limit + 2000 {
                    try await user.publish(try scope.event("\(accepted)", to: topic))
                    accepted += 1
                }
            }
            try expectUndelivered(error)
            try expect(accepted >= limit, "\(limit) events to be accepted", seen: "\(accepted)")
            let slot = try await scope.slot(clerk.registrations[0])
            for number in 0..<accepted {
                try await scope.eventually("event \(number)") { slot.deliveries.count > number }
                slot.transport.settle(slot.deliveries[number])
            }
            try expectEqual(slot.deliveries.map(\.event.id), (0..<accepted).map(String.init), "the events")
            try await user.publish(try scope.event("last", to: topic))
            try await scope.eventually("the last event") { slot.deliveries.last?.event.id == "last" }
            slot.settleAll()
            try await user.removeType(clerk.name, slots: clerk.slots)
        },
    ]
}
