import AgentExchange
import Agents
import ExchangeTestKit
import InProcessExchange
import Testing

@Suite("Loops and timers of agents")
struct LoopTests {
    @Test("A timer calls at every interval of the clock")
    func timer() async throws {
        let clock = ManualClock()
        try await withAgents(on: InProcessExchange()) { agents in
            let counter = try await agents.launch(MyCounter(), configuration: .test { $0.clock = clock })
            for tick in 1...3 {
                try await clock.sleepers(atLeast: 1)
                clock.advance(by: .seconds(1))
                try await eventually("tick \(tick)", value: { try await counter.total() }) { $0 == tick }
            }
        }
    }

    @Test("A loop is cancelled when its agent stops, and waited for")
    func loopEnds() async throws {
        let bell = Bell()
        struct Looping: Agent {
            let bell: Bell
            static let actions = Actions<Looping, Empty> {
                $0.loop("hold") { agent, _ in try await agent.bell.hold("loop") }
            }
        }
        try await withAgents(on: InProcessExchange()) { agents in
            let agent = try await agents.launch(Looping(bell: bell), configuration: .test())
            try await bell.heard("began loop")
            try await agent.stop()
            #expect(bell.events.value == ["began loop", "cancelled loop"])
        }
    }

    @Test("An error of a loop can be logged only")
    func loopErrorLogged() async throws {
        struct Failing: Agent {
            static let actions = Actions<Failing, Counter> {
                $0.on(\.add) { $1 }
                $0.on(\.total) { _ in 7 }
                $0.loop("fail") { _, _ in throw Fire() }
            }
        }
        let log = LogRecorder()
        try await withAgents(on: InProcessExchange()) { agents in
            let agent = try await agents.launch(Failing(), configuration: .test(log) { $0.loopErrors = .log })
            _ = try await log.entry { $0.message == "a loop failed" }
            #expect(try await agent.total() == 7)
        }
    }

    @Test("A loop calls other agents in the agent's name")
    func loopCalls() async throws {
        struct Caller: Agent {
            let desk: Handle<Desk>
            let bell: Bell
            static let actions = Actions<Caller, Empty> {
                $0.loop("call") { agent, context in
                    let facts = try await agent.desk.facts()
                    agent.bell.ring(facts.caller == .agent(context.id) ? "as the agent" : "as \(facts.caller)")
                }
            }
        }
        try await withDesk(on: InProcessExchange()) { agents, desk, bell in
            _ = try await agents.launch(Caller(desk: desk.handle, bell: bell), configuration: .test())
            try await bell.heard("as the agent")
        }
    }
}
