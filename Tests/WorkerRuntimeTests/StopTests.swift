import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import Testing

@testable import WorkerRuntime

@Suite("The stop of a worker runtime")
struct StopTests {
    private let clerk = AgentAddress("clerk", key: "x")

    @Test("It serves what running handlers ask, and refuses everything else at once")
    func nested() async throws {
        let exchange = InProcessExchange()
        try await withWorkers(on: exchange) { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            try await workers.registerClosure("chief") { _, context in
                try await stage.hold("go")
                let answer = try await context.send(Ask(text: "deep"), to: clerk, returning: Answer.self)
                stage.say("answer \(answer?.text ?? "")")
            }
            try await workers.start()
            try await withWorkers(on: exchange) { others, _ in
                others.serializers.register(Ask.self, Answer.self, Note.self)
                let running = Task { try await others.send(Ask(text: ""), to: AgentAddress("chief")) }
                try await stage.heard("began go")
                let stopping = Task { await workers.stop() }
                try await eventually("a request is refused") {
                    do {
                        _ = try await others.ask("late", clerk)
                        return false
                    } catch let error as ExchangeError {
                        #expect(error.code == .mailboxTerminated && error.delivery == .refused, "\(error)")
                        return true
                    }
                }
                try await eventually("an event has no subscriber") {
                    try await !others.publish(Note(text: "late"), to: .default).hasSubscribers
                }
                stage.release("go")
                try await running.value
                await stopping.value
                #expect(stage.events.value.contains("answer DEEP"))
                #expect(!stage.events.value.contains("cancelled go"))
            }
        }
    }

    @Test("A request that waits for its turn is refused while the running handler goes on")
    func turn() async throws {
        let exchange = InProcessExchange()
        try await withWorkers(on: exchange) { workers, stage in
            try await workers.registerClerks("clerk", stage, options: AgentTypeOptions(ordering: .oneAtATime))
            try await workers.start()
            try await withWorkers(on: exchange) { others, _ in
                others.serializers.register(Ask.self, Answer.self)
                let running = Task { try await others.ask("hold a", clerk) }
                try await stage.heard("began a")
                let waiting = Task { try await others.ask("b", clerk) }
                try await eventually("the second request waits") { workers.type("clerk")?.slot?.work.count == 2 }
                let stopping = Task { await workers.stop() }
                await fails(.mailboxTerminated, .refused) { _ = try await waiting.value }
                stage.release("a")
                #expect(try await running.value == "hold a")
                await stopping.value
            }
        }
    }

    @Test("It releases the runtime, its slots and its transports")
    func release() async throws {
        struct Weak<Object: AnyObject & Sendable>: Sendable {
            weak let object: Object?
        }
        let exchange = InProcessExchange()
        func run(_ count: Int) async throws -> (Weak<WorkerRuntime>, Weak<Slot>) {
            let stage = Stage()
            let workers = try await WorkerRuntime(on: exchange, configuration: .test())
            try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            try await workers.start()
            try await workers.publish(Note(text: "a"), to: Topic("default", source: "x"))
            try await stage.heard("clerk/x a")
            #expect(try await workers.ask("a", clerk) == "A")
            let slot = Weak(object: workers.type("clerk")?.slot)
            #expect(slot.object != nil)
            await workers.stop()
            return (Weak(object: workers), slot)
        }
        for count in 0..<3 {
            let (workers, slot) = try await run(count)
            try await eventually("the runtime is released") { workers.object == nil && slot.object == nil }
        }
    }

    @Test("Calls that need the agents fail after it")
    func closed() async throws {
        try await withWorkers { workers, _ in
            try await workers.register("counter", expecting: Counter.self) { _ in Counter() }
            try await workers.start()
            let counter = AgentAddress("counter")
            try await workers.send(Note(text: "a"), to: counter)
            await workers.stop()
            await fails(.closed, .notSent) { _ = try await workers.saveState() }
            await fails(.closed, .notSent) { try await workers.loadState([counter: Data("{\"count\":1}".utf8)]) }
            await fails(.closed, .notSent) { _ = try await workers.instance(at: counter, as: Counter.self) }
            await fails(.closed, .notSent) { _ = try await workers.address(of: "counter") }
            await fails(.closed, .notSent) {
                try await workers.register(Counter(), at: AgentAddress("other"))
            }
            await fails(.closed, .notSent) { try await workers.closeAgent(at: counter) }
        }
    }

    @Test("A runtime that can't see its mailboxes is not idle")
    func blind() async throws {
        let log = LogRecorder()
        try await withWorkers(.test(log)) { workers, stage in
            try await workers.registerClerks("clerk", stage)
            try await workers.user().transport.close()
            #expect(await !workers.stopWhenIdle(within: .milliseconds(300)))
            let text = "a worker that waits to be idle can't see its messages"
            #expect(log.entries.count { $0.message == text } == 1)
        }
    }

    @Test("A start that fails gives up only what it claimed itself")
    func failedStart() async throws {
        let exchange = InProcessExchange()
        try await withWorkers(on: exchange) { workers, stage in
            try await workers.registerClerks("clerk", stage)
            await workers.stop()
            try await withWorkers(on: exchange) { others, _ in
                try await others.registerClerks("clerk", stage)
                await fails(.typeInUse, .notSent) { try await workers.start() }
                try await workers.registerClerks("chief", stage, subscriptions: [.default])
                others.serializers.register(Ask.self, Answer.self)
                let waiting = Task { try await others.ask("wait", AgentAddress("chief")) }
                let chief = try #require(workers.type("chief")?.slot)
                try await eventually("the request waits") {
                    try await others.user().transport.details(of: chief.transport.mailboxID).queuedMessages == 1
                }
                await fails(.typeInUse, .notSent) { try await workers.start() }
                #expect(workers.type("chief")?.slot === chief)
                #expect(try await workers.subscriptions().map(\.agentType) == ["chief"])
                try await others.unregister("clerk")
                try await workers.start()
                #expect(try await waiting.value == "WAIT")
            }
        }
    }
}
