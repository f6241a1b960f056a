import AgentExchange
import ExchangeTestKit
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("A flood of notices and control messages")
    struct HintTasksTests {
        @Test("At most 256 are handled at a time; the others are dropped and told, and there is room again afterwards")
        func bound() async throws {
            let scene = try await Scene(.single)
            let user = try await scene.user("flooded")
            let hints = try #require(user.session).hints
            let (release, handled, dropped) = (Monitor(false), Monitor(0), Monitor(0))
            func flood() {
                for _ in 0..<300 {
                    hints.start(dropped: { dropped.update { $0 += 1 } }) {
                        _ = try? await release.wait(for: "the end", timeout: .seconds(60)) { $0 ? true : nil }
                        handled.update { $0 += 1 }
                    }
                }
            }
            flood()
            #expect(dropped.value == 300 - HintTasks.maximum)
            #expect(handled.value == 0)
            release.update { $0 = true }
            try await eventually("those that were taken to be handled") { handled.value == HintTasks.maximum }
            // The room of a task is free a moment after its end.
            try await eventually("room for another") {
                let before = dropped.value
                hints.start(dropped: { dropped.update { $0 += 1 } }) { handled.update { $0 += 1 } }
                return dropped.value == before
            }
            // Requests go on all the time.
            let agent = try await user.registerAgent(AgentType("Clerk")).agentID
            #expect(try await user.discover(AgentType("Clerk")) == [agent])
            await user.close()
        }
    }
}
