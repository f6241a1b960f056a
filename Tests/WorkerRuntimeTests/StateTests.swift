import AgentExchange
import ExchangeTestKit
import Foundation
import Testing
import WorkerRuntime

@Suite("Agents, their state and their description")
struct StateTests {
    @Test("The state of all agents is saved, and loaded into another runtime", arguments: Kind.all)
    func all(kind: Kind) async throws {
        var states: [AgentAddress: Data] = [:]
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            try await workers.register("counter", expecting: Counter.self, subscriptions: [.default]) { _ in Counter() }
            try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            try await workers.start()
            for number in 0..<5 {
                try await workers.publish(Note(text: "a"), to: Topic("default", source: number < 3 ? "x" : "y"))
            }
            _ = try await stage.heard(5)
            try await eventually("counted", value: { try await workers.ask("", AgentAddress("counter", key: "x")) }) {
                $0 == "3"
            }
            try await eventually("counted", value: { try await workers.ask("", AgentAddress("counter", key: "y")) }) {
                $0 == "2"
            }
            states = try await workers.saveState()
            // An agent without a state has none.
            #expect(Set(states.keys) == [AgentAddress("counter", key: "x"), AgentAddress("counter", key: "y")])
        }
        let json = try JSONEncoder().encode(states)
        let restored = try JSONDecoder().decode([AgentAddress: Data].self, from: json)
        try await withWorkers(on: try await kind.exchange()) { workers, _ in
            try await workers.register("counter", expecting: Counter.self) { _ in Counter() }
            try await workers.start()
            var known = restored
            known[AgentAddress("nobody")] = Data()
            try await workers.loadState(known)
            #expect(try await workers.ask("", AgentAddress("counter", key: "x")) == "3")
            #expect(try await workers.ask("", AgentAddress("counter", key: "y")) == "2")
            let bad = [AgentAddress("counter", key: "x"): Data("{\"count\":\"a\"}".utf8)]
            await fails(.invalidPayload, .notSent) { try await workers.loadState(bad) }
        }
    }

    @Test("The state of one agent is saved and loaded by another runtime", arguments: Kind.all)
    func elsewhere(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        try await withWorkers(on: exchange) { workers, stage in
            let options = AgentTypeOptions(description: "counts notes")
            try await workers.register("counter", expecting: Counter.self, options: options) { _ in Counter() }
            try await workers.registerClerks("clerk", stage)
            try await workers.start()
            let (counter, other) = (AgentAddress("counter", key: "x"), AgentAddress("counter", key: "y"))
            try await workers.send(Note(text: "a"), to: counter)
            try await withWorkers(on: exchange) { others, _ in
                #expect(
                    try await others.metadata(of: counter)
                        == AgentMetadata(address: counter, description: "counts notes")
                )
                let state = try #require(try await others.saveState(of: counter))
                try await others.loadState(state, of: other)
                #expect(try await workers.ask("", other) == "1")
                #expect(try await others.saveState(of: AgentAddress("clerk")) == nil)
                await fails(.invalidPayload, .delivered) { try await others.loadState(Data("[]".utf8), of: other) }
                await fails(.remote, .delivered) { try await others.loadState(Data("{\"count\":-1}".utf8), of: other) }
                await fails(.unknownAgentType, .notSent) { _ = try await others.metadata(of: AgentAddress("nobody")) }
                await fails(.notAccessible, .notSent) { _ = try await others.instance(at: counter, as: Counter.self) }
                await fails(.unknownAgent, .notSent) {
                    _ = try await others.instance(at: AgentAddress("nobody"), as: Counter.self)
                }
            }
        }
    }

    @Test("An agent is found by its address, and is the one that handles messages", arguments: Kind.all)
    func instances(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            let given = Counter()
            try await workers.register(given, at: AgentAddress("given", key: "only"))
            try await workers.registerClerks("clerk", stage)
            try await workers.start()
            #expect(try await workers.instance(at: AgentAddress("given", key: "only"), as: Counter.self) === given)
            await fails(.wrongAgentClass, .notSent) {
                _ = try await workers.instance(at: AgentAddress("given", key: "only"), as: Clerk.self)
            }
            await fails(.unknownAgent, .notSent) {
                _ = try await workers.instance(at: AgentAddress("given", key: "other"), as: Counter.self)
            }
            #expect(try await workers.address(of: "clerk") == AgentAddress("clerk", key: "default"))
            #expect(try await workers.address(of: "clerk", key: "k", lazy: false) == AgentAddress("clerk", key: "k"))
            await fails(.unknownAgentType, .notSent) { _ = try await workers.address(of: "nobody", lazy: false) }
            await fails(.unknownAgent, .delivered) {
                _ = try await workers.address(of: "given", key: "other", lazy: false)
            }
            await fails(.invalidMessage, .notSent) { _ = try await workers.address(of: "a b") }
        }
    }
}
