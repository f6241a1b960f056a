import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import Testing

@testable import WorkerRuntime

@Suite("States of worker agents that are stored by themselves")
struct PersistenceTests {
    /// Refuses to save while a message is handled.
    private actor Busy: WorkerAgent {
        let stage: Stage
        private var isBusy = false

        init(_ stage: Stage) { self.stage = stage }

        static let handlers = Handlers<Busy> {
            $0.onRequest(Ask.self) { busy, ask, _ in try await busy.work(ask.text) }
        }

        private func work(_ name: String) async throws {
            isBusy = true
            try await stage.hold(name)
            isBusy = false
        }

        func saveState() async throws -> String? {
            if isBusy { throw Refused() }
            return "saved"
        }

        func loadState(_ state: String) async throws {}
    }

    /// A storage that refuses to save.
    private struct Full: StateStorage {
        func load(_ key: String) async throws -> Data? { nil }
        func save(_ bytes: Data, for key: String) async throws { throw Refused() }
        func remove(_ key: String) async throws {}
        func keys() async throws -> [String] { [] }
    }

    @Test("A state that is stored on release is there after the next start, and in another worker")
    func onRelease() async throws {
        let storage = MemoryStateStorage()
        let counter = AgentAddress("counter", key: "x")
        for round in 0..<3 {
            try await withWorkers(.test { $0.states = storage }) { workers, _ in
                let options = AgentTypeOptions(persistence: .onRelease)
                try await workers.register("counter", options: options) { _ in Counter() }
                for start in 0..<2 {
                    try await workers.start()
                    #expect(try await workers.ask("", counter) == "\(2 * round + start)")
                    try await workers.send(Note(text: "a"), to: counter)
                    await workers.stop()
                }
            }
        }
        #expect(await storage.keys() == ["counter/x"])
    }

    @Test("A state that is stored after each message is there before the answer")
    func afterEachMessage() async throws {
        let storage = MemoryStateStorage()
        let counter = AgentAddress("counter", key: String(repeating: "k", count: 1000))
        try await withWorkers(.test { $0.states = storage }) { workers, _ in
            let options = AgentTypeOptions(persistence: .afterEachMessage)
            try await workers.register("counter", options: options) { _ in Counter() }
            try await workers.start()
            for count in 1...3 {
                try await workers.send(Note(text: "a"), to: counter)
                let key = StoredStates.key(counter)
                #expect((1...80).contains(key.utf8.count))
                let bytes = try #require(await storage.load(key))
                #expect(try JSONDecoder().decode(Counter.Saved.self, from: bytes) == Counter.Saved(count: count))
            }
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 { group.addTask { try await workers.send(Note(text: "a"), to: counter) } }
                try await group.waitForAll()
            }
            let bytes = try #require(await storage.load(StoredStates.key(counter)))
            #expect(try JSONDecoder().decode(Counter.Saved.self, from: bytes) == Counter.Saved(count: 53))
        }
    }

    @Test("A state that can't be stored is the answer; a type without a storage is refused")
    func failures() async throws {
        let options = AgentTypeOptions(persistence: .afterEachMessage)
        try await withWorkers(.test { $0.states = Full() }) { workers, _ in
            try await workers.register("counter", options: options) { _ in Counter() }
            try await workers.start()
            await fails(.remote, .delivered) { try await workers.send(Note(text: "a"), to: AgentAddress("counter")) }
        }
        try await withWorkers { workers, _ in
            await fails(.invalidConfiguration, .notSent) {
                try await workers.register("counter", options: options) { _ in Counter() }
            }
        }
    }

    @Test("An agent that runs one at a time is saved between its handlers")
    func betweenHandlers() async throws {
        try await withWorkers { workers, stage in
            let options = AgentTypeOptions(ordering: .oneAtATime)
            try await workers.register("busy", options: options) { _ in Busy(stage) }
            try await workers.start()
            let busy = AgentAddress("busy")
            let running = Task { try await workers.send(Ask(text: "a"), to: busy) }
            try await stage.heard("began a")
            let saved = Task { try await workers.saveState(of: busy) }
            try await eventually("the question waits") { workers.type("busy")?.slot?.work.count == 2 }
            let all = Task { try await workers.saveState() }
            stage.release("a")
            try await running.value
            #expect(try await saved.value == Data("\"saved\"".utf8))
            #expect(try await all.value == [busy: Data("\"saved\"".utf8)])
        }
    }
}
