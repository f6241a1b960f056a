import AgentExchange
import Foundation

/// The slots of agent types.
enum SlotCases {
    private static let subject = "slots"

    static let all = [
        ConformanceCase(
            subject,
            "a source has one slot of each type, and an event comes once with all subscriptions that match",
            patience: { _ in 10 }
        ) { scope in
            let user = try await scope.publisher()
            let topic = scope.topic("news")
            let rules: [Subscription.Rule] = [.type(topic), .prefix(String(topic.dropLast())), .prefix(topic)]
            // A power of two, and a number that is none.
            for count in [8, 3] {
                let clerk = try await scope.slotted("clerk-\(count)", by: user, count: count)
                let single = try await scope.slotted("chief-\(count)", by: user)
                for rule in rules {
                    try await user.subscribe(Subscription(rule, agentType: clerk.name), adopting: false)
                }
                try await user.subscribe(Subscription(.type(topic), agentType: single.name), adopting: false)
                try await user.subscribe(Subscription(.type(topic), agentType: scope.name("none")), adopting: true)
                var slots: [EventSlot] = []
                for (number, registration) in clerk.registrations.enumerated() {
                    slots.append(try await scope.slot(registration, elsewhere: number % 2 == 1))
                }
                let chief = try await scope.slot(single.registrations[0])
                for number in 0..<60 {
                    try await user.publish(try scope.event("\(number)", to: topic, source: "\(number)"))
                }
                let all = slots
                try await scope.eventually("all events") {
                    all.map(\.received.count).reduce(0, +) >= 60 && chief.received.count >= 60
                }
                try expectEqual(all.map(\.received.count).reduce(0, +), 60, "the number of events")
                for (number, slot) in slots.enumerated() {
                    for delivery in slot.deliveries {
                        let source = delivery.event.topic.source
                        try expectEqual(AgentAddress.slot(of: source, among: count), number, "the slot of \(source)")
                        try expectEqual(delivery.subscriptions.map(\.rule), rules, "the subscriptions")
                    }
                    slot.settleAll()
                    await slot.close()
                }
                chief.settleAll()
                await chief.close()
                try await user.removeType(clerk.name, slots: clerk.slots)
                try await user.removeType(single.name, slots: single.slots)
            }
            for subscription in try await user.subscriptions() where subscription.agentType == scope.name("none") {
                try await user.unsubscribe(id: subscription.id)
            }
        },
        ConformanceCase(subject, "terminating one drops its events and answers its requests", patience: { _ in 8 }) {
            scope in
            let user = try await scope.publisher()
            let clerk = try await scope.slotted(by: user)
            let topic = scope.topic("news")
            try await user.subscribe(Subscription(.type(topic), agentType: clerk.name), adopting: false)
            let slot = try await scope.slot(clerk.registrations[0], requestLimit: 2)
            for number in 0..<2 { try await user.publish(try scope.event("\(number)", to: topic)) }
            try await scope.arrivals(2, at: slot)
            for number in 2..<5 { try await user.publish(try scope.event("\(number)", to: topic)) }
            let request = try await scope.ping(.agent(clerk.slots[0]), from: user)
            try await user.terminate(.agent(clerk.slots[0]))
            let answer = try await scope.receiveResponse(at: user)
            try expectFailure(.mailboxTerminated, answer, answering: request)
            slot.settleAll()
            try expect(
                try await !user.publish(scope.event("6", to: topic)),
                "an event to a terminated slot to be dropped"
            )
            try await scope.expectNothing(at: user)
            try await expectThrows(.mailboxTerminated, by: "declaring a terminated slot") {
                try await user.declareSlots(clerk.slots, ofType: clerk.name)
            }
            try await user.removeType(clerk.name, slots: clerk.slots)
        },
        ConformanceCase(
            subject,
            "others replace them, and only their own type's end removes them",
            patience: { _ in 8 }
        ) {
            scope in
            let (user, other) = (try await scope.publisher(), try await scope.publisher(elsewhere: true))
            let old = try await scope.slotted("clerk", by: user)
            let new = try await scope.slotted("clerk", by: user, declares: false)
            let topic = scope.topic("news")
            try await user.subscribe(Subscription(.type(topic), agentType: old.name), adopting: false)
            try await other.declareSlots(new.slots, ofType: new.name)
            // A broker may route by whole words: then this one gets the same events, and drops them.
            let like = try await scope.slotted("like", by: user)
            try await user.subscribe(Subscription(.prefix(topic + "-more"), agentType: like.name), adopting: false)
            let (first, second) = (
                try await scope.slot(old.registrations[0]), try await scope.slot(new.registrations[0])
            )
            try expect(try await user.publish(scope.event("1", to: topic)), "the new slot to take an event")
            try await scope.arrivals(1, at: second)
            // A session that knows other slots removes nothing.
            try await user.removeType(old.name, slots: old.slots)
            try expect(try await other.publish(scope.event("2", to: topic)), "the new slot to take another event")
            try await scope.arrivals(2, at: second)
            try expectEqual(first.received.count, 0, "the number of arrivals at the old slot")
            second.settleAll()
            // Declared again, as by a worker that starts again.
            try await user.declareSlots(new.slots, ofType: new.name)
            try expect(try await other.publish(scope.event("3", to: topic)), "the slot to take a third event")
            try await scope.arrivals(3, at: second)
            second.settleAll()
            try await other.removeType(new.name, slots: new.slots)
            let listed = try await user.subscriptions().filter { $0.agentType == new.name }
            try expectEqual(listed, [], "the subscriptions of the removed type")
            try expect(try await !user.publish(scope.event("4", to: topic)), "an event to no slot to be dropped")
            try await user.removeType(new.name, slots: new.slots)
            try await user.removeType(like.name, slots: like.slots)
            try await scope.expectAlive(first, second, for: user)
        },
        ConformanceCase(subject, "declaring invalid ones fails") { scope in
            let user = try await scope.publisher()
            let name = scope.name("clerk")
            try await expectThrows(.invalidConfiguration, by: "no slots") {
                try await user.declareSlots([], ofType: name)
            }
            let many = (0..<257).map { _ in AgentID() }
            try await expectThrows(.invalidConfiguration, by: "257 slots") {
                try await user.declareSlots(many, ofType: name)
            }
            let error = try await expectThrows(.badEntityID, by: "a slot that is no agent") {
                try await user.declareSlots([AgentID()], ofType: name)
            }
            try expectEqual(error.delivery, .refused, "what became of it")
            // An unknown type has nothing to remove.
            try await user.removeType(name, slots: [AgentID()])
        },
    ]
}

extension CaseScope {
    /// Checks that slots still get their requests: their mailboxes stay.
    fileprivate func expectAlive(_ slots: EventSlot..., for user: any ExchangeTransport) async throws {
        for slot in slots {
            let count = slot.received.count
            let request = try await ping(slot.transport.mailboxID, from: user)
            try await eventually("a request at a slot") { slot.received.count > count }
            try await send(.response(request.response()), by: slot.transport)
            try expectSuccess(try await receiveResponse(at: user), answering: request)
        }
    }
}
