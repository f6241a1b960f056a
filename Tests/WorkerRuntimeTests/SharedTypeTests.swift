import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

@testable import WorkerRuntime

@Suite("Types that several workers share")
struct SharedTypeTests {
    @Test(
        "A worker that comes takes its share of the slots, one that leaves gives it back, and no request fails",
        arguments: Kind.all
    )
    func shares(_ kind: Kind) async throws {
        let team = try await Team(kind)
        let first = try await team.add("one")
        #expect(try await team.answers() == ["one": 8])
        // Requests all the time, by a program that is no worker.
        let asking = Task { try await team.ask(until: { false }) }
        try await team.add("two")
        try await eventually("two workers have 4 slots each") { try await team.answers() == ["one": 4, "two": 4] }
        try await team.add("three")
        try await team.add("four")
        try await eventually("four workers have 2 slots each") {
            try await team.answers() == ["one": 2, "two": 2, "three": 2, "four": 2]
        }
        // The share does not move when nobody comes or leaves.
        let places = try await team.places()
        for _ in 0..<5 { #expect(try await team.places() == places) }
        await first.stop()
        try await eventually("three workers have the slots") {
            let answers = try await team.answers()
            return answers.count == 3 && answers["one"] == nil && answers.values.max() == 3
        }
        asking.cancel()
        #expect(try await asking.value > 0)
        await team.stop()
        await fails(.unknownAgentType, .notSent) {
            _ = try await team.caller().ask("x", AgentAddress("clerk", key: "1"))
        }
        await team.close()
    }

    @Test(
        "All messages of a key wait for the handlers of a slot that moves, and its state moves with it",
        arguments: Kind.all
    )
    func moves(_ kind: Kind) async throws {
        let team = try await Team(kind)
        let one = try await team.add("one")
        let caller = try await team.caller()
        let keys = (0..<64).map { "\($0)" }
        for key in keys { try await caller.publish(Note(text: "first"), to: Topic("news", source: key)) }
        try await eventually("the events are handled") { team.stage.events.value.count == keys.count }
        let held = keys.map { key in
            Task { try await caller.ask("hold \(key)", AgentAddress("clerk", key: key)) }
        }
        try await eventually("all handlers run") {
            team.stage.events.value.filter { $0.hasPrefix("began") }.count == keys.count
        }
        try await team.add("two")
        try await eventually("slots are being given up") {
            one.type("clerk")?.slots.contains { $0.isHandedOver.isSet } ?? false
        }
        for key in keys { try await caller.publish(Note(text: "second"), to: Topic("news", source: key)) }
        for key in keys { team.stage.release(key) }
        for task in held { #expect(try await task.value == "one") }
        for key in keys {
            try await team.stage.heard("one \(key) first 1")
            // The second event is counted by the state that the first worker saved, wherever the key is now.
            _ = try await team.stage.events.wait(for: "the second event of \(key)", timeout: .seconds(30)) { events in
                events.contains("one \(key) second 2") || events.contains("two \(key) second 2") ? true : nil
            }
        }
        #expect(team.stage.events.value.contains { $0.hasPrefix("two") })
        let events = team.stage.events.value.filter { $0.contains("second") }
        #expect(events.count == keys.count, "an event was handled twice")
        await team.close()
    }

    @Test("The number of slots is fixed while the type lives, and a shared type needs a factory")
    func numbers() async throws {
        let team = try await Team(.inProcess)
        try await team.add("one")
        let other = try await team.caller()
        await fails(.invalidConfiguration, .notSent) {
            // The parameter counts, not the options.
            let options = AgentTypeOptions(sharing: .shared(slots: 8))
            try await other.register("clerk", expecting: Place.self, sharing: .shared(slots: 4), options: options) {
                Place(name: "x", key: $0.address.key, stage: team.stage)
            }
        }
        for sharing in [AgentTypeOptions.Sharing.shared(slots: 4), .shared(slots: 9), .exclusive] {
            await fails(.invalidConfiguration, .notSent) {
                try await other.register("clerk", options: AgentTypeOptions(sharing: sharing)) {
                    Place(name: "x", key: $0.address.key, stage: team.stage)
                }
            }
        }
        for slots in [0, 257] {
            await fails(.invalidConfiguration, .notSent) {
                try await other.register("new", options: AgentTypeOptions(sharing: .shared(slots: slots))) {
                    Place(name: "x", key: $0.address.key, stage: team.stage)
                }
            }
        }
        await fails(.invalidConfiguration, .notSent) {
            try await other.register(
                Place(name: "x", key: "x", stage: team.stage),
                at: AgentAddress("given"),
                options: AgentTypeOptions(sharing: .shared())
            )
        }
        // Nothing was changed.
        #expect(try await team.answers() == ["one": 8])
        let lines = try await other.subscriptions().map { "\($0.rule) \($0.agentType)" }
        #expect(lines == ["news clerk"])
        await team.stop()
        try await other.register("clerk", sharing: .shared(slots: 4)) {
            Place(name: "other", key: $0.address.key, stage: team.stage)
        }
        try await other.start()
        #expect(try await other.ask("x", AgentAddress("clerk", key: "1")) == "other")
        await team.close()
    }

    @Test("Two workers that register one type at the same moment share its slots", arguments: Kind.all)
    func together(_ kind: Kind) async throws {
        let team = try await Team(kind)
        try await withThrowingTaskGroup { group in
            for name in ["one", "two"] { group.addTask { _ = try await team.add(name) } }
            try await group.waitForAll()
        }
        try await eventually("both have 4 slots") { try await team.answers() == ["one": 4, "two": 4] }
        let user = try await team.caller().user()
        #expect(try await user.transport.discover(typeNamed: "Worker.clerk", allowSubtypes: false).count == 8)
        #expect(try await user.transport.discover(typeNamed: "WorkerMember.clerk", allowSubtypes: false).count == 2)
        await team.close()
    }

    @Test(
        "A worker that loses one of its slots leaves the messages of the others to the next worker",
        arguments: Kind.all
    )
    func losesOne(_ kind: Kind) async throws {
        let exchange = try await kind.exchange()
        let stage = Stage()
        let options = AgentTypeOptions(ordering: .oneAtATime, sharing: .shared(slots: 4))
        func worker() async throws -> WorkerRuntime {
            let workers = try await WorkerRuntime(on: try await exchange.apart(), configuration: .test())
            workers.serializers.register(Note.self)
            try await workers.register("clerk", subscriptions: [.type("news")], options: options) {
                Clerk(stage: stage, address: $0.address)
            }
            try await workers.start()
            return workers
        }
        let one = try await worker()
        let slot = try #require(one.type("clerk")?.slot(ofKey: "k"))
        try await one.publish(Note(text: "hold a"), to: Topic("news", source: "k"))
        try await stage.heard("began a")
        try await one.publish(Note(text: "waits"), to: Topic("news", source: "k"))
        try await eventually("the second event waits for its turn") { slot.work.count == 2 }
        let other = try #require(one.type("clerk")?.slots.first { $0 !== slot })
        await one.lost(other, ExchangeError(.unavailable, "the queue of the mailbox was deleted on the broker"))
        stage.release("a")
        let two = try await worker()
        try await stage.heard("clerk/k waits")
        #expect(stage.events.value.filter { $0 == "clerk/k waits" }.count == 1)
        await one.stop()
        await two.stop()
    }

    @Test(
        "The requests of a worker that is killed are answered by another, soon",
        .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
    )
    func killed() async throws {
        let team = try await Team(.rabbitMQ)
        let child = try await team.process()
        try await team.add("other", subscribes: false)
        let name = "\(child.id)"
        try await eventually("the process has half of the slots") {
            try await team.answers() == [name: 4, "other": 4]
        }
        let caller = try await team.caller()
        let places = try await team.places()
        let held = places.filter { $0.value == name }.map { key, _ in
            Task { try await caller.ask("hold", AgentAddress("clerk", key: key)) }
        }
        for _ in held { _ = try await child.line { $0 == "holds" } }
        child.signal(SIGKILL)
        let began = ContinuousClock.now
        for task in held { #expect(try await task.value == "other") }
        let time = began.duration(to: .now)
        print("the requests of a killed worker were answered after \(time)")
        #expect(time < .seconds(20))
        #expect(try await team.answers() == ["other": 8])
        await team.close()
    }
}

/// Says where it is, and counts the events that it got.
private actor Place: WorkerAgent {
    struct Saved: Codable, Sendable {
        var count: Int
    }

    let name: String
    let key: String
    let stage: Stage
    private var count = 0

    static let handlers = Handlers<Place> {
        $0.onRequest(Ask.self, where: { $0.text.hasPrefix("hold ") }) { place, ask, _ -> Answer? in
            try await place.stage.hold(String(ask.text.dropFirst(5)))
            return Answer(text: place.name)
        }
        $0.onRequest(Ask.self) { place, _, _ in Answer(text: place.name) }
        $0.onEvent(Note.self) { place, note, _ in await place.take(note) }
    }

    init(name: String, key: String, stage: Stage) {
        self.name = name
        self.key = key
        self.stage = stage
    }

    private func take(_ note: Note) {
        count += 1
        stage.say("\(name) \(key) \(note.text) \(count)")
    }

    func saveState() async throws -> Saved? { Saved(count: count) }

    func loadState(_ state: Saved) async throws { count = state.count }
}

/// Workers that share the type `clerk` with 8 slots, and a program that asks them.
private final class Team: Sendable {
    let stage = Stage()
    private let base: any ExchangeFactory
    private let states = MemoryStateStorage()
    private let workers = Monitor<[WorkerRuntime]>([])
    private let asking = Monitor<WorkerRuntime?>(nil)

    init(_ kind: Kind) async throws {
        base = try await kind.exchange()
    }

    /// Another process with a worker.
    func process() async throws -> ChildProcess {
        let url = try await PrivateBroker.shared().amqpURL
        let program = try ProductsDirectory.executable("worker-process")
        let process = try ChildProcess(program, ["clerk"], environment: ["WARREN_BROKER": url])
        try process.write(String(decoding: try JSONEncoder().encode(base), as: UTF8.self))
        _ = try await process.line { $0 == "ready" }
        return process
    }

    @discardableResult
    func add(_ name: String, subscribes: Bool = true) async throws -> WorkerRuntime {
        let runtime = try await WorkerRuntime(on: try await base.apart(), configuration: .test { $0.states = states })
        workers.update { $0.append(runtime) }
        runtime.serializers.register(Note.self)
        try await runtime.register(
            "clerk",
            subscriptions: subscribes ? [.type("news")] : [],
            options: AgentTypeOptions(persistence: .onRelease, sharing: .shared(slots: 8))
        ) { [stage] in Place(name: name, key: $0.address.key, stage: stage) }
        try await runtime.start()
        return runtime
    }

    /// The program that asks.
    func caller() async throws -> WorkerRuntime {
        if let caller = asking.value { return caller }
        let caller = try await WorkerRuntime(on: try await base.apart(), configuration: .test())
        caller.serializers.register(Note.self)
        caller.serializers.register(Ask.self, Answer.self)
        asking.update { $0 = caller }
        return caller
    }

    /// A key of each slot.
    static let keys: [String] = (0..<8).compactMap { slot in
        (0..<1000).map(String.init).first { AgentAddress.slot(of: $0, among: 8) == slot }
    }

    /// The names of the workers that answer, by key.
    func places() async throws -> [String: String] {
        let caller = try await caller()
        var places: [String: String] = [:]
        for key in Self.keys { places[key] = try await caller.ask("x", AgentAddress("clerk", key: key)) }
        return places
    }

    /// The number of slots that each worker answers for.
    func answers() async throws -> [String: Int] {
        Dictionary(grouping: try await places().values) { $0 }.mapValues(\.count)
    }

    /// Asks until the task is cancelled. Returns the number of answers.
    func ask(until isDone: () -> Bool) async throws -> Int {
        let caller = try await caller()
        var count = 0
        while !Task.isCancelled, !isDone() {
            do throws(ExchangeError) {
                let address = AgentAddress("clerk", key: "\(count)")
                _ = try await caller.send(Ask(text: "x"), to: address, returning: Answer.self)
            } catch {
                if error.code == .cancelled { break }
                throw error
            }
            count += 1
        }
        return count
    }

    func stop() async {
        for worker in workers.value { await worker.stop() }
    }

    func close() async {
        await stop()
        await asking.value?.stop()
    }
}
