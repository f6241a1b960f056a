import AgentExchange
import ExchangeTestKit
import InProcessExchange
import Logging
import Testing

@testable import WorkerRuntime

@Suite("How agents are made and closed")
struct MakingTests {
    private let clerk = AgentAddress("clerk", key: "x")

    @Test(
        "A bad event ends its turns, also when two subscriptions match",
        arguments: [AgentTypeOptions.Ordering.overlapping, .oneAtATime]
    )
    func badEvent(ordering: AgentTypeOptions.Ordering) async throws {
        try await withWorkers { workers, stage in
            let rules: [Subscription.Rule] = [.type("news"), .prefix("n")]
            let options = AgentTypeOptions(ordering: ordering)
            try await workers.registerClerks("clerk", stage, subscriptions: rules, options: options)
            let attempts = Monitor(0)
            try await workers.register("broken", expecting: Clerk.self, subscriptions: rules, options: options) { new in
                let attempt = attempts.update { count in
                    count += 1
                    return count
                }
                if attempt <= 2 { throw Refused() }
                return Clerk(stage: stage, address: new.address)
            }
            try await workers.start()
            let bad = Payload(contentType: "application/json", bytes: .init("{".utf8))
            let topic = Topic("news", source: "x")
            try await workers.publish(UnknownPayload(dataType: "Note", payload: bad), to: topic)
            try await workers.publish(Note(text: "good"), to: topic)
            try await stage.heard("clerk/x good")
            try await stage.heard("broken/x good")
            #expect(try await workers.ask("a", clerk) == "A")
            #expect(try await workers.ask("a", AgentAddress("broken", key: "x")) == "A")
        }
    }

    @Test("A factory that takes longer than its caller waits runs once, and its agent is closed at the stop")
    func slowFactory() async throws {
        try await withWorkers { workers, stage in
            try await workers.register("clerk", expecting: Clerk.self) { new in
                try await stage.hold("making")
                return Clerk(stage: stage, address: new.address)
            }
            try await workers.start()
            let first = Task { try await workers.ask("first", clerk) }
            try await stage.heard("began making")
            first.cancel()
            await fails(.cancelled, .unknown) { _ = try await first.value }
            try await eventually("the first request has left") { workers.type("clerk")?.slot?.work.count == 0 }
            let second = Task { try await workers.ask("second", clerk) }
            try await eventually("the second request is there") { workers.type("clerk")?.slot?.work.count == 1 }
            stage.release("making")
            #expect(try await second.value == "SECOND")
            await workers.stop()
            #expect(stage.events.value.count { $0 == "began making" } == 1)
            #expect(stage.events.value.count { $0 == "closed clerk/x" } == 1)
        }
    }

    @Test("An agent whose making ends after the stop is closed then, and was never used")
    func lateMaking() async throws {
        let quick: (inout WorkerConfiguration) -> Void = {
            $0.gracePeriod = .milliseconds(50)
            $0.client.cancellationPatience = .milliseconds(50)
        }
        try await withWorkers(.test(configure: quick)) { workers, stage in
            try await workers.register("clerk", expecting: Clerk.self, subscriptions: [.default]) { new in
                // Goes on after its cancellation.
                await Task { try? await stage.hold("making") }.value
                return Clerk(stage: stage, address: new.address)
            }
            try await workers.start()
            try await workers.publish(Note(text: "a"), to: Topic("default", source: "x"))
            try await stage.heard("began making")
            await workers.stop()
            #expect(!stage.events.value.contains("closed clerk/x"))
            stage.release("making")
            try await stage.heard("closed clerk/x")
            #expect(!stage.events.value.contains("clerk/x a"))
        }
    }

    @Test("An agent of a wrong type is closed; one that the program gave is not, and serves after the next start")
    func closing() async throws {
        try await withWorkers { workers, stage in
            try await workers.register("wrong", expecting: Counter.self) { Clerk(stage: stage, address: $0.address) }
            try await workers.register(Clerk(stage: stage, address: clerk), at: clerk)
            try await workers.start()
            await fails(.wrongAgentClass, .delivered) {
                _ = try await workers.ask("a", AgentAddress("wrong", key: "x"))
            }
            #expect(stage.events.value == ["closed wrong/x"])
            #expect(try await workers.ask("a", clerk) == "A")
            await workers.stop()
            try await workers.start()
            #expect(try await workers.ask("b", clerk) == "B")
            await workers.stop()
            #expect(stage.events.value == ["closed wrong/x"])
        }
    }

    @Test("Closing an agent makes room for another, and the next message makes it again")
    func room() async throws {
        try await withWorkers { workers, stage in
            let options = AgentTypeOptions(maximumAgents: 1)
            try await workers.registerClerks("clerk", stage, options: options)
            try await workers.start()
            let other = AgentAddress("clerk", key: "y")
            let held = Task { try await workers.ask("hold a", clerk) }
            try await stage.heard("began a")
            #expect(try await !workers.closeAgent(at: clerk))
            stage.release("a")
            _ = try await held.value
            await fails(.limitReached, .delivered) { _ = try await workers.ask("a", other) }
            try await eventually("the agent is closed") { try await workers.closeAgent(at: clerk) }
            #expect(stage.events.value.last == "closed clerk/x")
            #expect(try await !workers.closeAgent(at: clerk))
            #expect(try await workers.ask("b", other) == "B")
            await fails(.unknownAgentType, .notSent) { try await workers.closeAgent(at: AgentAddress("nobody")) }
        }
    }

    @Test("The text of a factory's error does not leave the process")
    func secrets() async throws {
        struct Leak: Error, CustomStringConvertible {
            var description: String { "postgres://user:secret@host" }
        }
        let log = LogRecorder()
        try await withWorkers(.test(log)) { workers, _ in
            try await workers.register("clerk") { _ in throw Leak() }
            workers.serializers.register(Ask.self)
            try await workers.start()
            let error = await #expect(throws: ExchangeError.self) {
                try await workers.send(Ask(text: "a"), to: clerk)
            }
            #expect(error?.code == .factoryFailed)
            #expect(error.map { "\($0)".contains("Leak") && !"\($0)".contains("secret") } == true)
            #expect(log.entries.contains { $0.metadata["error"] == "postgres://user:secret@host" })
        }
    }
}
