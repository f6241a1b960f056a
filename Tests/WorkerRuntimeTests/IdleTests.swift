import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import WorkerRuntime

@Suite("Agents that have nothing to do")
struct IdleTests {
    /// A table of agents, with a clock that a test sets.
    private struct Scene {
        let time = Monitor<ContinuousClock.Instant>(.now)
        let ended = Monitor<[String]>([])
        /// The keys whose states can't be stored.
        let kept = Monitor<Set<String>>([])
        let table: AgentTable

        init() {
            let (time, ended, kept) = (time, ended, kept)
            table = AgentTable(type: "clerk", limit: 100_000, now: { time.value }) { _ in
                HostedClosure { _, _ in }
            } end: { address, _, ending in
                if case .wished = ending, kept.value.contains(address.key) { return false }
                ended.update { $0.append(address.key) }
                return true
            }
        }

        func pass(_ seconds: Int) {
            time.update { $0 = $0 + .seconds(seconds) }
        }

        /// Visits an agent. Its making counts as a visit too, which ends on a thread of its own.
        func use(_ key: String) async throws {
            _ = try await table.visit(key, takesTurn: false).agent()
            try await eventually("nobody visits the agent") { !table.isVisited(key) }
        }

        func closeIdle() async {
            while await table.closeIdle(for: .seconds(60), within: .seconds(30)) {}
        }

        /// Closing an agent counts as a visit too.
        func expectCount(_ count: Int) async throws {
            try await eventually("\(count) keys are kept") { table.count == count }
        }
    }

    @Test("They are closed after the limit, and made again when they are needed; those that are visited stay")
    func limit() async throws {
        let scene = Scene()
        for key in ["a", "b", "c"] { try await scene.use(key) }
        let visit = try scene.table.visit("b", takesTurn: false)
        scene.pass(59)
        try await scene.use("c")
        scene.pass(1)
        await scene.closeIdle()
        #expect(scene.ended.value == ["a"])
        try await scene.expectCount(2)
        scene.pass(59)
        await scene.closeIdle()
        #expect(scene.ended.value == ["a", "c"])
        scene.pass(3600)
        await scene.closeIdle()
        #expect(scene.table.addresses.map(\.key) == ["b"])
        withExtendedLifetime(visit) {}
        try await scene.use("a")
        #expect(scene.table.count == 2)
    }

    @Test("Nothing grows with the number of keys")
    func bounded() async throws {
        let scene = Scene()
        for number in 0..<3000 {
            try await scene.use("\(number)")
            scene.pass(1)
            if number % 10 == 0 { await scene.closeIdle() }
            #expect(scene.table.count < 200)
        }
        scene.pass(60)
        await scene.closeIdle()
        try await scene.expectCount(0)
        #expect(scene.ended.value.count == 3000)
    }

    @Test("One whose state can't be stored stays, until its slot is given up")
    func refused() async throws {
        let scene = Scene()
        for key in ["a", "b"] { try await scene.use(key) }
        scene.kept.update { $0 = ["b"] }
        scene.pass(60)
        await scene.closeIdle()
        #expect(scene.ended.value == ["a"])
        scene.pass(60)
        await scene.closeIdle()
        #expect(scene.table.addresses.map(\.key) == ["b"])
        #expect(await scene.table.close(within: .seconds(30)))
        #expect(scene.ended.value == ["a", "b"])
    }

    @Test("Their states are stored when the type says so", arguments: Kind.all)
    func stored(kind: Kind) async throws {
        let storage = MemoryStateStorage()
        try await withWorkers(on: try await kind.exchange(), .test { $0.states = storage }) { workers, _ in
            let options = AgentTypeOptions(persistence: .onRelease, idleLimit: .milliseconds(40))
            try await workers.register("counter", options: options) { _ in Counter() }
            try await workers.start()
            let counter = AgentAddress("counter", key: "x")
            for round in 1...3 {
                try await workers.send(Note(text: "a"), to: counter)
                try await eventually("it is closed") { workers.type("counter")?.slot?.agents.count == 0 }
                #expect(try await workers.ask("", counter) == "\(round)")
            }
        }
    }
}
