import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import Logging
import Testing

@testable import WorkerRuntime

@Suite("Running a worker runtime until its end", .serialized)
struct RunTests {
    @Test("The loss of a type is logged, closes its agents, removes its subscriptions, and ends the run")
    func loss() async throws {
        let log = LogRecorder()
        try await withWorkers(.test(log)) { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            let running = Task { try await workers.run() }
            workers.serializers.register(Ask.self, Answer.self)
            let clerk = AgentAddress("clerk", key: "x")
            try await eventually("the worker serves") { workers.type("clerk")?.slot?.client != nil }
            #expect(try await workers.ask("a", clerk) == "A")
            let slot = try #require(workers.type("clerk")?.slot)
            try await workers.user().terminate(slot.registration.agentID)
            await fails(.mailboxTerminated, .notSent) { try await running.value }
            #expect(stage.events.value == ["closed clerk/x"])
            #expect(log.entries.contains { $0.level == .error && $0.message == "a worker lost an agent type" })
            try await workers.start()
            #expect(try await workers.ask("b", clerk) == "B")
            #expect(try await workers.subscriptions().count == 1)
        }
    }

    @Test("A type that was lost can be registered again, and the others go on")
    func again() async throws {
        try await withWorkers { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            try await workers.registerClerks("chief", stage)
            try await workers.start()
            let slot = try #require(workers.type("clerk")?.slot)
            try await workers.user().terminate(slot.registration.agentID)
            try await eventually("the type is given up") { workers.type("clerk")?.slot == nil }
            #expect(try await workers.subscriptions() == [])
            await fails(.unknownAgentType, .notSent) { _ = try await workers.ask("a", AgentAddress("clerk")) }
            #expect(try await workers.ask("a", AgentAddress("chief")) == "A")
            try await workers.registerClerks("clerk", stage)
            #expect(try await workers.ask("a", AgentAddress("clerk")) == "A")
        }
    }

    @Test("A run ends with a stop, with its task, and with a signal, and has stopped then")
    func ends() async throws {
        try await withWorkers { workers, stage in
            try await workers.registerClerks("clerk", stage)
            let serves: @Sendable () -> Bool = { workers.type("clerk")?.slot?.client != nil }
            let first = Task { try await workers.run() }
            try await eventually("the worker serves") { serves() }
            await workers.stop()
            try await first.value
            let second = Task { try await workers.run() }
            try await eventually("the worker serves") { serves() }
            second.cancel()
            try await second.value
            #expect(workers.type("clerk")?.slot == nil)
            let third = Task { try await workers.run(stoppingOn: [SIGUSR2]) }
            try await eventually("the worker serves") { serves() }
            kill(getpid(), SIGUSR2)
            try await third.value
            #expect(workers.type("clerk")?.slot == nil)
        }
    }
}
