import AgentExchange
import Foundation

/// Subscriptions: the events that they take, and the sessions that see, add and remove them.
enum SubscriptionCases {
    private static let subject = "subscriptions"

    static let all = [
        ConformanceCase(subject, "they take the topics of their type or prefix, and no others", patience: { _ in 8 }) {
            scope in
            let user = try await scope.publisher()
            let unique = scope.name("t").replacing(".", with: "_")
            // Dots separate words on some brokers, and long names do not fit everywhere.
            let long = unique + "." + String(repeating: "x", count: 254 - unique.utf8.count)
            let wordy = (unique + String(repeating: ".ab", count: 100)).prefix(255)
            let types = [
                unique, unique + ".", unique + ".a", unique + "..a", unique + ".a.b", unique + ":a=b", unique + ":",
                unique + "=", "." + unique, unique + "é.日本", long, String(wordy), String(wordy.dropLast()),
                String(long.dropLast()),
            ]
            let prefixes = [
                unique, unique + ".", unique + ".a", unique + ":", unique + ":a=", unique + "é.日", "." + unique,
                String(long.dropLast(3)), String(wordy.dropLast(2)),
            ]
            let rules = types.map { Subscription.Rule.type($0) } + prefixes.map { .prefix($0) }
            let clerk = try await scope.slotted(by: user)
            for rule in rules {
                try await user.subscribe(Subscription(rule, agentType: clerk.name), adopting: false)
            }
            let slot = try await scope.slot(clerk.registrations[0])
            for (number, type) in types.enumerated() {
                try expect(
                    try await user.publish(scope.event("\(number)", to: type)),
                    "an event to \(type) to be taken"
                )
            }
            try await scope.arrivals(types.count, at: slot)
            for (type, delivery) in zip(types, slot.deliveries) {
                let expected = rules.filter { $0.matches(type) }
                try expectEqual(delivery.event.topic.type, type, "the topic")
                try expectEqual(delivery.subscriptions.map(\.rule), expected, "the subscriptions that take \(type)")
            }
            slot.settleAll()
            try await user.removeType(clerk.name, slots: clerk.slots)
        },
        ConformanceCase(subject, "an event that matches none is dropped, and its publisher is told") { scope in
            let user = try await scope.publisher()
            let elsewhere = try await scope.publisher(elsewhere: true)
            let (topic, other) = (scope.topic("news"), scope.topic("other"))
            for publisher in [user, elsewhere] {
                try expect(try await !publisher.publish(scope.event("0", to: topic)), "an event without subscribers")
            }
            let clerk = try await scope.slotted(by: user, declares: false)
            let rules: [Subscription.Rule] = [.type(topic), .prefix(other + ".part")]
            for rule in rules { try await user.subscribe(Subscription(rule, agentType: clerk.name), adopting: false) }
            try expect(try await !user.publish(scope.event("1", to: topic)), "an event to a type without slots")
            try await user.declareSlots(clerk.slots, ofType: clerk.name)
            let slot = try await scope.slot(clerk.registrations[0])
            for publisher in [user, elsewhere] {
                for type in [other, other + ".", other + ".par", topic + ".x", topic + ":"] {
                    try expect(
                        try await !publisher.publish(scope.event("2", to: type)),
                        "an event to \(type) to be dropped"
                    )
                }
                try expect(try await publisher.publish(scope.event("3", to: topic)), "an event to be taken")
                try expect(try await publisher.publish(scope.event("4", to: other + ".part.y")), "a part to be taken")
            }
            try expectEqual(try await scope.arrivals(4, at: slot), ["3#1", "4#1", "3#1", "4#1"], "the events")
            slot.settleAll()
            try await user.removeType(clerk.name, slots: clerk.slots)
        },
        ConformanceCase(
            subject,
            "every session lists them in the order in which they were added, refuses doubles and removes"
        ) {
            scope in
            let (user, other) = (try await scope.publisher(), try await scope.publisher(elsewhere: true))
            let (topic, agentType) = (scope.topic("news"), scope.name("clerk"))
            @Sendable func listed(_ transport: any EventTransport) async throws -> [Subscription] {
                try await transport.subscriptions().filter { $0.agentType == agentType }
            }
            let first = Subscription(.type(topic), agentType: agentType, id: scope.name("first"))
            let second = Subscription(.prefix(topic), agentType: agentType, id: scope.name("second"))
            let third = Subscription(.type(topic + ".a"), agentType: agentType)
            try expectEqual(try await user.subscribe(first, adopting: false), first, "the first")
            try expectEqual(try await other.subscribe(second, adopting: true), second, "the second")
            try expectEqual(try await user.subscribe(third, adopting: false), third, "the third")
            for transport in [user, other] {
                try expectEqual(try await listed(transport), [first, second, third], "the subscriptions")
            }
            let double = Subscription(.type(topic), agentType: agentType)
            let sameID = Subscription(.type(topic + ".b"), agentType: agentType, id: first.id)
            for transport in [user, other] {
                for subscription in [double, sameID, first] {
                    let error = try await expectThrows(.subscriptionExists, by: "a double") {
                        try await transport.subscribe(subscription, adopting: false)
                    }
                    try expectEqual(error.delivery, .refused, "what became of it")
                }
                try expectEqual(try await transport.subscribe(double, adopting: true), first, "the adopted one")
                try await expectThrows(.subscriptionExists, by: "another one with the same identifier") {
                    try await transport.subscribe(sameID, adopting: true)
                }
            }
            try await other.unsubscribe(id: first.id)
            try expectEqual(try await listed(user), [second, third], "the others")
            for transport in [user, other] {
                try await expectThrows(.subscriptionMissing, by: "removing it again") {
                    try await transport.unsubscribe(id: first.id)
                }
            }
            try await other.subscribe(first, adopting: false)
            try expectEqual(try await listed(user), [second, third, first], "the order after adding one again")
            for invalid in [
                Subscription(.type(""), agentType: agentType), Subscription(.type("a b"), agentType: agentType),
                Subscription(.prefix("*"), agentType: agentType),
            ] {
                try await expectThrows(.invalidTopic, by: "an invalid topic") {
                    try await user.subscribe(invalid, adopting: false)
                }
            }
            try await expectThrows(.invalidMessage, by: "an invalid type") {
                try await user.subscribe(Subscription(.type(topic), agentType: "a/b"), adopting: false)
            }
            for subscription in [first, second, third] { try await user.unsubscribe(id: subscription.id) }
            try expectEqual(try await listed(other), [], "the subscriptions")
        },
        ConformanceCase(subject, "of equal ones that are added at the same time one is listed") { scope in
            let transports = [
                try await scope.publisher(), try await scope.publisher(elsewhere: true), try await scope.publisher(),
                try await scope.publisher(elsewhere: true),
            ]
            let (topic, agentType) = (scope.topic("news"), scope.name("clerk"))
            for adopting in [false, true] {
                let rule = Subscription.Rule.type(topic + (adopting ? ".adopted" : ""))
                let outcomes = await withTaskGroup(of: Result<Subscription, ExchangeError>.self) { group in
                    for transport in transports {
                        group.addTask {
                            do throws(ExchangeError) {
                                let new = Subscription(rule, agentType: agentType)
                                return .success(try await transport.subscribe(new, adopting: adopting))
                            } catch {
                                return .failure(error)
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                let added = outcomes.compactMap { try? $0.get() }
                let listed = try await transports[1].subscriptions().filter {
                    $0.agentType == agentType && $0.rule == rule
                }
                try expectEqual(listed.count, 1, "the number of listed ones")
                try expectEqual(Set(added), Set(listed), "what the calls returned")
                try expectEqual(added.count, adopting ? transports.count : 1, "the number of calls that returned")
                for case .failure(let error) in outcomes {
                    try expectEqual(error.code, .subscriptionExists, "the error of the others")
                }
                try await transports[0].unsubscribe(id: listed[0].id)
            }
        },
        ConformanceCase(
            subject,
            "one takes every event that is published after it was added, and none after it was removed, anywhere",
            patience: { _ in 10 }
        ) { scope in
            let (user, other) = (try await scope.publisher(), try await scope.publisher(elsewhere: true))
            let clerk = try await scope.slotted(by: user)
            let topic = scope.topic("news")
            let constant = Subscription(.prefix(topic), agentType: clerk.name)
            try await user.subscribe(constant, adopting: false)
            let slot = try await scope.slot(clerk.registrations[0])
            for round in 0..<10 {
                let (adder, publisher) = round % 2 == 0 ? (user, other) : (other, user)
                let subscription = Subscription(.type(topic), agentType: clerk.name)
                try await adder.subscribe(subscription, adopting: false)
                try await publisher.publish(scope.event("added", to: topic))
                // An event that waits when its subscription is removed may be dropped.
                try await scope.arrivals(2 * round + 1, at: slot)
                try await publisher.unsubscribe(id: subscription.id)
                try await adder.publish(scope.event("removed", to: topic))
                try await scope.arrivals(2 * round + 2, at: slot)
                let last = slot.deliveries.suffix(2).map { Set($0.subscriptions.map(\.rule)) }
                try expectEqual(last, [[.prefix(topic), .type(topic)], [.prefix(topic)]], "the subscriptions")
            }
            slot.settleAll()
            try await user.removeType(clerk.name, slots: clerk.slots)
        },
    ]
}
