import AgentExchange
import Agents
import ExchangeTestKit
import InProcessExchange
import Testing

/// Code of agents that goes on after it was cancelled.
@Suite("Agents whose code ignores cancellation")
struct StubbornTests {
    private static func configuration(_ log: LogRecorder) -> AgentConfiguration {
        .test(log) {
            $0.gracePeriod = .milliseconds(50)
            $0.cancellationPatience = .milliseconds(50)
        }
    }

    /// An agent of which one part does not end before the test allows it.
    private struct Stubborn: Agent {
        let bell: Bell
        let part: String

        static let actions = Actions<Stubborn, Text> {
            $0.on(\.change) { agent, text in
                try await agent.hold("action")
                return text
            }
            $0.loop("the stubborn one") { agent, _ in try await agent.hold("loop") }
            $0.loop("the other") { _, _ in try await Task.sleep(for: .seconds(3600)) }
        }

        func started(_ context: AgentContext) async throws { try await hold("start") }
        func stopping(_ context: AgentContext) async throws { try await hold("stop") }

        private func hold(_ part: String) async throws {
            guard part == self.part else { return bell.ring(part) }
            await Task { try? await bell.hold(part) }.value
        }
    }

    @Test(
        "The agent ends all the same, soon, and logs what goes on",
        arguments: [
            ("loop", "loops go on after their cancellation; not awaited"),
            ("start", "the start-up hook of an agent goes on after it was cancelled; it is not awaited"),
            ("stop", "the shutdown hook of an agent goes on after it was cancelled; it is not awaited"),
            ("action", "requests still run after they were cancelled; they are not awaited"),
        ]
    )
    func ends(part: String, message: String) async throws {
        let log = LogRecorder()
        let bell = Bell()
        let exchange = InProcessExchange()
        let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
        let registration = try await user.registerAgent(Text.self)
        let runtime = AgentRuntime(
            Stubborn(bell: bell, part: part),
            registration: registration,
            exchange: exchange,
            configuration: Self.configuration(log)
        )
        let run = Task { try await runtime.run() }
        let call = Task { try await user.handle(to: registration.agentID, as: Text.self).change("a") }
        if part == "action" || part == "loop" || part == "start" {
            try await bell.heard("began \(part)")
        } else {
            await runtime.waitUntilReady()
        }
        // It ends while the part is still held.
        runtime.stop()
        try await run.value
        let entry = try await log.entry { $0.message == message }
        if part == "loop" { #expect("\(entry.metadata)".contains("the stubborn one")) }
        if part == "action" { try await bell.heard("stop") }
        bell.release(part)
        call.cancel()
        _ = await call.result
        await user.close()
    }

    @Test("Stopping while the start-up hook waits cancels it, and the shutdown hook is not called")
    func stopsWhileStarting() async throws {
        struct Waiting: Agent {
            let bell: Bell
            static let actions = Actions<Waiting, Empty> { _ in }
            func started(_ context: AgentContext) async throws { try await bell.hold("start") }
            func stopping(_ context: AgentContext) async throws { bell.ring("stopping") }
        }
        let bell = Bell()
        let exchange = InProcessExchange()
        let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
        let registration = try await user.registerAgent(Empty.self)
        let runtime = AgentRuntime(
            Waiting(bell: bell),
            registration: registration,
            exchange: exchange,
            configuration: .test()
        )
        let run = Task { try await runtime.run() }
        try await bell.heard("began start")
        runtime.stop()
        try await run.value
        #expect(bell.events.value == ["began start", "cancelled start"])
        await user.close()
    }
}
