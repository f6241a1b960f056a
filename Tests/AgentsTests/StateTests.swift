import AgentExchange
import Agents
import ExchangeTestKit
import Foundation
import InProcessExchange
import Synchronization
import Testing

@Suite("The state of agents")
struct StateTests {
    @Test("An agent finds its state again after a restart")
    func restart() async throws {
        actor Saver: Agent {
            var count = 0
            static let actions = Actions<Saver, Counter> {
                $0.on(\.add) { try await $0.add($1) }
                $0.on(\.total) { await $0.count }
            }
            func started(_ context: AgentContext) async throws {
                count = try await context.state.value("count", as: Int.self) ?? 0
            }
            func add(_ number: Int) async throws -> Int {
                count += number
                try await AgentContext.current?.state.set(count, for: "count")
                return count
            }
        }
        let directory = try TemporaryDirectory()
        let configuration = AgentConfiguration.test { $0.state = .files(in: URL(filePath: directory.path)) }
        let exchange = InProcessExchange()
        let user = try await exchange.makeUserClient(configuration: configuration.client)
        let registration = try await user.registerAgent(Counter.self)
        let counter = user.handle(to: registration.agentID, as: Counter.self)
        for expected in [5, 10] {
            let runtime = AgentRuntime(
                Saver(),
                registration: registration,
                exchange: exchange,
                configuration: configuration
            )
            async let run: Void = runtime.run()
            #expect(try await counter.add(5) == expected)
            runtime.stop()
            try await run
        }
        await user.close()
    }

    @Test("A disk that hangs holds up no other task")
    func hangingDisk() async throws {
        let directory = try TemporaryDirectory()
        let width = ProcessInfo.processInfo.activeProcessorCount + 2
        let paths = (0..<width).map { directory.path("\($0)/a.json") }
        for path in paths {
            let parent = URL(filePath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            // Reading a pipe waits for somebody who writes.
            #expect(mkfifo(path, 0o600) == 0)
        }
        let isOver = Atomic(false)
        // In case that nothing else runs any more.
        let writer = Thread {
            let end = Date(timeIntervalSinceNow: 10)
            while !isOver.load(ordering: .relaxed), Date.now < end { Thread.sleep(forTimeInterval: 0.05) }
            var left = paths
            let limit = Date(timeIntervalSinceNow: 20)
            while !left.isEmpty, Date.now < limit {
                left.removeAll { path in
                    let descriptor = open(path, O_WRONLY | O_NONBLOCK)
                    if descriptor >= 0 { close(descriptor) }
                    return descriptor >= 0
                }
                Thread.sleep(forTimeInterval: 0.02)
            }
        }
        writer.start()
        await withTaskGroup(of: Void.self) { group in
            for path in paths {
                let storage = FileStateStorage(directory: URL(filePath: path).deletingLastPathComponent())
                group.addTask { _ = try? await storage.load("a") }
            }
            let start = ContinuousClock.now
            try? await Task.sleep(for: .milliseconds(100))
            for _ in 0..<100 { await Task.yield() }
            #expect(start.duration(to: .now) < .seconds(5))
            isOver.store(true, ordering: .relaxed)
        }
    }

    @Test("Files keep any key apart, replace values as a whole, and survive what a crash leaves behind")
    func files() async throws {
        let directory = try TemporaryDirectory()
        let storage = FileStateStorage(directory: URL(filePath: directory.path("agent")))
        let state = AgentState(storage)
        #expect(try await state.keys() == [])
        #expect(try await state.value("a", as: Int.self) == nil)
        let keys = ["a", "A", "a/b", "../a", ".a", "ä %"]
        for (number, key) in keys.enumerated() { try await state.set(number, for: key) }
        for (number, key) in keys.enumerated() { #expect(try await state.value(key, as: Int.self) == number) }
        #expect(try await state.keys() == keys.sorted())
        try Data("{".utf8).write(to: URL(filePath: directory.path("agent/.a.json.half")))
        #expect(try await state.keys() == keys.sorted())
        try await state.set([1, 2], for: "a")
        #expect(try await state.value("a", as: [Int].self) == [1, 2])
        try await state.remove("a")
        try await state.remove("a")
        #expect(try await state.value("a", as: Int.self) == nil)
        await #expect(throws: CocoaError.self) { try await state.set(1, for: "") }
        await #expect(throws: CocoaError.self) { try await state.set(1, for: String(repeating: "a", count: 81)) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["agent"])
    }
}
