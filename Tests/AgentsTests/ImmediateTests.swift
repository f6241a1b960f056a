import AgentExchange
import Agents
import ExchangeTestKit
import Foundation
import InProcessExchange
import Logging
import Testing

@Suite("Actions that start immediately", .timeLimit(.minutes(1)))
struct ImmediateTests {
    /// What a test asks about threads.
    private struct Place: AgentInterface {
        let immediate = Action<ThreadID>("immediate")
        let slow = Action<Void, Double>("slow")
        let nothing = Action<Void>("nothing")
    }

    private struct Here: Agent {
        static let actions = Actions<Here, Place> {
            $0.on(\.immediate, start: .immediate) { _ in ThreadID.current }
            $0.on(\.slow, start: .immediate) { _, seconds in
                let end = ContinuousClock.now + .seconds(seconds)
                while .now < end {}
            }
            $0.on(\.nothing, start: .immediate) { _ in }
        }
    }

    @Test("In one process an action begins on its caller's thread")
    func thread() async throws {
        try await withAgents(on: InProcessExchange(), configuration: AgentConfiguration.test().client) { agents in
            let here = try await agents.launch(Here(), configuration: .test())
            // The agent is ready from its first answer on.
            _ = try await here.immediate()
            for _ in 0..<100 {
                let call = Task {
                    let before = ThreadID.current
                    return (before, try await here.immediate())
                }
                let (caller, action) = try await call.value
                #expect(caller == action)
            }
        }
    }

    @Test("An action that keeps the thread is logged, once")
    func slow() async throws {
        let log = LogRecorder()
        try await withAgents(on: InProcessExchange(), configuration: AgentConfiguration.test().client) { agents in
            let here = try await agents.launch(Here(), configuration: .test(log))
            try await here.nothing()
            for _ in 0..<3 { try await here.slow(0.02) }
        }
        // A busy machine may delay the other action as long.
        let entries = log.entries.filter {
            $0.message.contains("starts immediately") && $0.metadata["action"] == "slow"
        }
        #expect(entries.count == 1 && entries.first?.level == .warning)
    }
}
