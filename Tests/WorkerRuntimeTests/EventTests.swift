import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import Logging
import RabbitMQExchange
import Testing
import WorkerRuntime

@Suite("Events for worker agents")
struct EventTests {
    private let clerks = AgentAddress("clerk", key: "room7")

    @Test("An event reaches the agent with the key of its source, of each type that subscribed", arguments: Kind.all)
    func receivers(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.type("news")])
            try await workers.registerClerks("chief", stage, subscriptions: [.prefix("ne")])
            try await workers.registerClerks("other", stage, subscriptions: [.default])
            let got = Monitor<[String]>([])
            try await workers.registerClosure("collector", subscriptions: [.type("news")]) { message, context in
                got.update { $0.append("\(context.address) \(context.topic?.description ?? "") \(message)") }
            }
            try await workers.start()
            let published = try await workers.publish(Note(text: "a"), to: Topic("news", source: "room7"))
            #expect(published.hasSubscribers && published.id != nil)
            #expect(try await Set(stage.heard(2)) == ["clerk/room7 a", "chief/room7 a"])
            try await got.wait(for: "the closure's message", timeout: .seconds(30)) { $0.isEmpty ? nil : true }
            #expect(got.value.first?.hasPrefix("collector/room7 news/room7 Note(") == true)
            let none = try await workers.publish(Note(text: "b"), to: Topic("nothing", source: "room7"))
            #expect(!none.hasSubscribers)
            await fails(.undeliverable, .refused) {
                try await workers.publish(Note(text: "b"), to: Topic("x", source: ""), requiringSubscriber: true)
            }
            await fails(.invalidTopic, .notSent) {
                try await workers.publish(Note(text: "b"), to: Topic("", source: ""))
            }
            await fails(.noSerializer, .notSent) { try await workers.publish(Bare(), to: .default) }
        }
    }

    @Test("An event larger than the exchange takes is refused, and the next one arrives", arguments: Kind.all)
    func tooLarge(kind: Kind) async throws {
        let exchange: any ExchangeFactory
        switch kind {
        case .inProcess:
            var configuration = InProcessExchange.Configuration()
            configuration.maximumMessageSize = 100_000
            exchange = InProcessExchange(configuration: configuration)
        case .rabbitMQ:
            var configuration = RabbitMQConfiguration()
            configuration.maximumMessageSize = 100_000
            exchange = try RabbitMQExchange(
                url: try await PrivateBroker.shared().amqpURL,
                namespace: "test-" + UUID().uuidString.prefix(8).lowercased(),
                configuration: configuration,
                logger: LogRecorder().logger
            )
        }
        try await withWorkers(on: exchange) { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.type("news")])
            try await workers.start()
            let topic = Topic("news", source: "x")
            await fails(.messageTooLarge, .notSent) {
                try await workers.publish(Note(text: String(repeating: "x", count: 100_000)), to: topic)
            }
            try await workers.publish(Note(text: "small"), to: topic)
            #expect(try await stage.heard(1) == ["clerk/x small"])
        }
    }

    @Test(
        "An agent does not receive its own event, and publishes with its key as the default source",
        arguments: Kind.all
    )
    func ownEvents(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            try await workers.registerClerks("chief", stage, subscriptions: [.default])
            try await workers.start()
            #expect(Topic.default == Topic("default", source: "default"))
            try await workers.publish(Note(text: "go", urgent: true), to: Topic("default", source: "room7"))
            // Each tells the other that it has seen it, and not itself.
            let expected = [
                "clerk/room7 urgent go", "chief/room7 urgent go", "clerk/room7 seen go", "chief/room7 seen go",
            ]
            #expect(try await stage.heard(4).sorted() == expected.sorted())
            #expect(await workers.stopWhenIdle())
            #expect(stage.events.value.filter { !$0.hasPrefix("closed") }.count == 4)
        }
    }

    @Test("Two subscriptions that match run the handler twice, or once if the type says so", arguments: Kind.all)
    func twice(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            var once = AgentTypeOptions()
            once.oncePerEvent = true
            try await workers.registerClerks("clerk", stage, subscriptions: [.type("news"), .prefix("n")])
            try await workers.registerClerks(
                "chief",
                stage,
                subscriptions: [.type("news"), .prefix("n")],
                options: once
            )
            try await workers.start()
            try await workers.publish(Note(text: "a"), to: Topic("news", source: "x"))
            #expect(try await stage.heard(3).sorted() == ["chief/x a", "clerk/x a", "clerk/x a"])
            #expect(await workers.stopWhenIdle())
            #expect(stage.events.value.count { $0.hasSuffix(" a") } == 3)
        }
    }

    @Test(
        "Subscriptions are listed, refused when they are double, and removed by their identifier",
        arguments: Kind.all
    )
    func subscriptions(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        try await withWorkers(on: exchange) { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.type("news")])
            try await workers.start()
            let own = try await workers.subscriptions()
            #expect(own.map(\.rule) == [.type("news")])
            try await withWorkers(on: exchange) { others, _ in
                let later = Subscription(.type("later"), agentType: "clerk", id: "mine")
                try await others.subscribe(later)
                #expect(try await workers.subscriptions() == own + [later])
                await fails(.subscriptionExists, .refused) { try await workers.subscribe(later) }
                await fails(.subscriptionExists, .refused) {
                    try await others.subscribe(Subscription(.type("news"), agentType: "clerk"))
                }
                others.serializers.register(Note.self)
                try await others.publish(Note(text: "a"), to: Topic("later", source: "x"))
                try await stage.heard("clerk/x a")
                try await others.unsubscribe(id: own[0].id)
                await fails(.subscriptionMissing, .refused) { try await workers.unsubscribe(id: own[0].id) }
                let gone = try await others.publish(Note(text: "b"), to: Topic("news", source: "x"))
                #expect(!gone.hasSubscribers)
                await fails(.invalidTopic, .notSent) {
                    try await workers.subscribe(Subscription(.type("a b"), agentType: "clerk"))
                }
            }
        }
    }

    @Test("A handler that throws is logged, or called again, and later events go on", arguments: Kind.all)
    func errors(kind: Kind) async throws {
        let log = LogRecorder()
        try await withWorkers(on: try await kind.exchange(), .test(log)) { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.type("a")])
            let options = AgentTypeOptions(eventErrors: .retry(2))
            try await workers.registerClerks("chief", stage, subscriptions: [.type("b")], options: options)
            try await workers.start()
            try await workers.publish(Note(text: "fail once"), to: Topic("a", source: "x"))
            try await workers.publish(Note(text: "after"), to: Topic("a", source: "x"))
            try await workers.publish(Note(text: "fail again"), to: Topic("b", source: "x"))
            #expect(await workers.stopWhenIdle())
            let events = stage.events.value
            #expect(events.count { $0 == "fail once" } == 1)
            #expect(events.count { $0 == "fail again" } == 3)
            #expect(events.contains("clerk/x after"))
            let entries = log.entries.filter { $0.message == "an event was not handled" }
            #expect(entries.count == 2)
            #expect(entries.allSatisfy { $0.metadata["error"] == "refused by the agent" })
        }
    }

    @Test(
        "An event whose message can't be read is logged and dropped; one without a handler is dropped",
        arguments: Kind.all
    )
    func badEvents(kind: Kind) async throws {
        let log = LogRecorder()
        try await withWorkers(on: try await kind.exchange(), .test(log)) { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            try await workers.register("broken", subscriptions: [.default]) { _ in throw Refused() }
            workers.serializers.register(Stray.self)
            try await workers.start()
            let bad = Payload(contentType: "application/json", bytes: Data("{".utf8))
            try await workers.publish(UnknownPayload(dataType: "Note", payload: bad), to: .default)
            try await workers.publish(Stray(), to: .default)
            try await workers.publish(Note(text: "good"), to: .default)
            try await stage.heard("clerk/default good")
            #expect(await workers.stopWhenIdle())
            #expect(log.entries.contains { $0.metadata["error"]?.description.contains("invalid-payload") == true })
            #expect(log.entries.contains { $0.metadata["error"]?.description.contains("factory-failed") == true })
        }
    }

    @Test("An exchange without topics says so, before anything is registered")
    func unsupported() async throws {
        let exchange = TopiclessExchange(base: InProcessExchange())
        try await withWorkers(on: exchange) { workers, stage in
            await fails(.unsupported, .notSent) {
                try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            }
            await fails(.unknownAgentType, .notSent) { _ = try await workers.ask("a", AgentAddress("clerk")) }
            workers.serializers.register(Note.self)
            await fails(.unsupported, .notSent) { try await workers.publish(Note(text: "a"), to: .default) }
            await fails(.unsupported, .notSent) { _ = try await workers.subscriptions() }
        }
    }
}
