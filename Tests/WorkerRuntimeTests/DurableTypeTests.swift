import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

@testable import WorkerRuntime

@Suite("The life of agent types without a worker")
struct DurableTypeTests {
    private static let sharings: [AgentTypeOptions.Sharing] = [.exclusive, .shared(slots: 4)]

    @Test(
        "A durable type keeps its messages and subscriptions until the next worker comes, and ends when it is removed",
        arguments: Kind.all
    )
    func durable(_ kind: Kind) async throws {
        for sharing in Self.sharings {
            let exchange = try await kind.exchange()
            let options = AgentTypeOptions(sharing: sharing, lifetime: .durable)
            let address = AgentAddress("clerk", key: "x")
            try await withWorkers(on: exchange) { other, _ in
                other.serializers.register(Note.self)
                other.serializers.register(Ask.self, Answer.self)
                try await withWorkers(on: exchange) { first, stage in
                    try await first.registerClerks("clerk", stage, subscriptions: [.type("news")], options: options)
                    try await first.start()
                    #expect(try await other.ask("a", address) == "A")
                    await first.stop()
                    // It starts again itself.
                    try await first.start()
                    #expect(try await other.ask("b", address) == "B")
                }
                let subscriptions = try await other.subscriptions()
                #expect(subscriptions.count == 1)
                let published = try await other.publish(Note(text: "late"), to: Topic("news", source: "x"))
                #expect(published.hasSubscribers)
                let waiting = Task { try await other.ask("c", address) }
                await fails(.typeInUse, .notSent) {
                    try await withWorkers(on: exchange) { second, stage in
                        try await second.registerClerks(
                            "clerk",
                            stage,
                            subscriptions: [.type("news")],
                            options: options
                        )
                        try await second.start()
                        #expect(try await waiting.value == "C")
                        try await stage.heard("clerk/x late")
                        #expect(try await other.subscriptions() == subscriptions)
                        try await eventually("it is open") { second.type("clerk")?.slots.isEmpty == false }
                        try await other.removeType("clerk")
                    }
                }
                try await other.removeType("clerk")
                #expect(try await other.subscriptions().isEmpty)
                await fails(.unknownAgentType, .notSent) { try await other.removeType("clerk") }
                await fails(.unknownAgentType, .notSent) { _ = try await other.ask("d", address) }
            }
        }
    }

    @Test(
        "A shared type that is registered and not started lives as long as its worker, and is ended after the absence",
        arguments: Kind.all
    )
    func registered(_ kind: Kind) async throws {
        let exchange = try await kind.exchange()
        try await withWorkers(on: exchange, .test { $0.absence = .milliseconds(300) }) { other, _ in
            other.serializers.register(Ask.self, Answer.self)
            try await other.start()
            let late = try await WorkerRuntime(on: try await exchange.apart(), configuration: .test())
            let options = AgentTypeOptions(sharing: .shared(slots: 4))
            try await late.registerClerks("clerk", Stage(), options: options)
            let slots = try #require(late.type("clerk")?.registeredSlots)
            let end = ContinuousClock.now + .seconds(1)
            while ContinuousClock.now < end {
                let found = try await other.user().transport.discover(typeNamed: "Worker.clerk", allowSubtypes: false)
                #expect(Set(found) == Set(slots))
                try await Task.sleep(for: .milliseconds(50))
            }
            // It takes no share from a worker that is started.
            try await withWorkers(on: try await exchange.apart()) { serving, stage in
                try await serving.registerClerks("clerk", stage, options: options)
                try await serving.start()
                try await eventually("it has all slots") { serving.type("clerk")?.slots.count == 4 }
                #expect(try await other.ask("a", AgentAddress("clerk", key: "x")) == "A")
            }
            // The one that stopped left the type to the other.
            try await late.start()
            #expect(late.type("clerk")?.registeredSlots == slots)
            #expect(try await other.ask("b", AgentAddress("clerk", key: "x")) == "B")
            let records = try await other.user().transport.discover(
                typeNamed: "WorkerMember.clerk",
                allowSubtypes: false
            )
            #expect(records.count == 1)
            _ = await late.leave()
            try await eventually("the type is ended") {
                try await other.user().transport.discover(typeNamed: "Worker.clerk", allowSubtypes: false).isEmpty
            }
        }
    }

    @Test(
        "A type whose last worker was lost waits for the absence, then any runtime ends it; a durable one stays",
        arguments: Kind.all
    )
    func absence(_ kind: Kind) async throws {
        for sharing in Self.sharings {
            let exchange = try await kind.exchange()
            let configuration = WorkerConfiguration.test { $0.absence = .seconds(1) }
            try await withWorkers(on: exchange, configuration) { other, _ in
                other.serializers.register(Ask.self, Answer.self)
                try await other.start()
                let lost = try await WorkerRuntime(on: exchange, configuration: .test { $0.endsLostTypes = false })
                let stage = Stage()
                for (name, lifetime) in [("clerk", AgentTypeOptions.Lifetime.ephemeral), ("keeper", .durable)] {
                    try await lost.registerClerks(
                        name,
                        stage,
                        subscriptions: [.type("news")],
                        options: AgentTypeOptions(sharing: sharing, lifetime: lifetime)
                    )
                }
                try await lost.start()
                // As long as a worker has it, it lives.
                let end = ContinuousClock.now + .seconds(2)
                while ContinuousClock.now < end {
                    #expect(try await other.ask("a", AgentAddress("clerk", key: "x")) == "A")
                }
                let began = ContinuousClock.now
                _ = await lost.leave()
                let error = await #expect(throws: ExchangeError.self) {
                    _ = try await other.ask("b", AgentAddress("clerk", key: "x"))
                }
                // Leaving may take as long as the absence.
                let codes: [ExchangeError.Code?] = [.mailboxTerminated, .unknownAgentType]
                #expect(codes.contains(error?.code), "\(String(describing: error))")
                #expect(began.duration(to: .now) > .milliseconds(800))
                await fails(.unknownAgentType, .notSent) {
                    _ = try await other.ask("c", AgentAddress("clerk", key: "x"))
                }
                #expect(try await other.subscriptions().map(\.agentType) == ["keeper"])
                try await other.removeType("keeper")
            }
        }
    }
}
