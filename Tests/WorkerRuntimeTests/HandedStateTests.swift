import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

@testable import WorkerRuntime

@Suite("States that go from worker to worker")
struct HandedStateTests {
    /// Counts its messages, each once, also when one comes again, and says who counts.
    private actor Tally: WorkerAgent {
        let name: String
        private var seen: Set<String> = []

        init(_ name: String) { self.name = name }

        static let handlers = Handlers<Tally> {
            $0.onRequest(Ask.self) { tally, _, context in Answer(text: await tally.count(context.messageID)) }
        }

        private func count(_ message: String) -> String {
            seen.insert(message)
            return "\(name) \(seen.count)"
        }

        func saveState() async throws -> Set<String>? { seen }

        func loadState(_ state: Set<String>) async throws { seen = state }
    }

    private static let keys = (0..<24).map { "\($0)" }

    private func add(
        _ name: String,
        _ exchange: any ExchangeFactory,
        _ states: any StateStorage,
        _ persistence: AgentTypeOptions.Persistence
    ) async throws -> WorkerRuntime {
        let workers = try await WorkerRuntime(
            on: try await exchange.apart(),
            configuration: .test { $0.states = states }
        )
        let options = AgentTypeOptions(persistence: persistence, sharing: .shared(slots: 8))
        try await workers.register("tally", options: options) { _ in Tally(name) }
        try await workers.start()
        return workers
    }

    @Test("A state that is stored on release or after each message goes on where its slot goes", arguments: Kind.all)
    func moves(kind: Kind) async throws {
        // `SharedTypeTests` move states that are stored on release, too.
        for persistence in [AgentTypeOptions.Persistence.afterEachMessage] + (LongForm.isWanted ? [.onRelease] : []) {
            let exchange = try await kind.exchange()
            let states = MemoryStateStorage()
            try await withWorkers(on: exchange) { caller, _ in
                caller.serializers.register(Ask.self, Answer.self)
                var counts: [String: Int] = [:]
                func count() async throws -> Set<String> {
                    var names: Set<String> = []
                    for key in Self.keys {
                        let answer = try #require(try await caller.ask("", AgentAddress("tally", key: key)))
                        let words = answer.split(separator: " ")
                        counts[key, default: 0] += 1
                        #expect(words.last.map(String.init) == "\(counts[key] ?? 0)", "\(answer) of \(key)")
                        names.insert(String(words[0]))
                    }
                    return names
                }
                let one = try await add("one", exchange, states, persistence)
                for _ in 0..<2 { #expect(try await count() == ["one"]) }
                let two = try await add("two", exchange, states, persistence)
                try await eventually("both have slots") { try await count() == ["one", "two"] }
                await one.stop()
                #expect(try await count() == ["two"])
                await two.stop()
            }
        }
    }

    @Test(
        "The successor of a worker that is killed goes on from the last finished message of each agent",
        .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason)),
        .enabled(if: LongForm.isWanted, "make test-long runs it")
    )
    func killed() async throws {
        let exchange = try await Kind.rabbitMQ.exchange()
        let directory = try TemporaryDirectory()
        let program = try ProductsDirectory.executable("worker-process")
        let url = try await PrivateBroker.shared().amqpURL
        let child = try ChildProcess(program, ["tally", directory.path], environment: ["WARREN_BROKER": url])
        try child.write(String(decoding: try JSONEncoder().encode(exchange), as: UTF8.self))
        _ = try await child.line { $0 == "ready" }
        try await withWorkers(on: exchange) { caller, _ in
            caller.serializers.register(Ask.self, Answer.self)
            for round in 1...3 {
                for key in Self.keys {
                    let answer = try await caller.ask("count", AgentAddress("tally", key: key))
                    #expect(answer == "\(child.id) \(round)")
                }
            }
            // It has counted this one, and is killed before the message is finished.
            let half = Task { try await caller.ask("half", AgentAddress("tally", key: "0")) }
            _ = try await child.line { $0 == "half" }
            child.signal(SIGKILL)
            let states = FileStateStorage(directory: URL(filePath: directory.path))
            let successor = try await add("successor", exchange, states, .afterEachMessage)
            #expect(try await half.value == "successor 4")
            for key in Self.keys {
                let answer = try await caller.ask("count", AgentAddress("tally", key: key))
                #expect(answer == "successor \(key == "0" ? 5 : 4)")
            }
            await successor.stop()
        }
    }
}
