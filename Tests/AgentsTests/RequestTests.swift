import AgentExchange
import Agents
import ExchangeTestKit
import Foundation
import InProcessExchange
import Testing

@Suite("Requests of agents")
struct RequestTests {
    @Test("An action knows its caller, its deadline, its attempt and its agent")
    func facts() async throws {
        try await withDesk(on: InProcessExchange()) { agents, desk, _ in
            let facts = try await desk.facts(deadline: .seconds(20))
            #expect(facts.caller == agents.user.id)
            #expect(facts.attempt == 1 && !facts.isRedelivery)
            #expect((10...20.1).contains(facts.secondsLeft))
            #expect(facts.agent == desk.id)
            #expect(ActionContext.current == nil && AgentContext.current == nil)
        }
    }

    @Test("Cancelling the caller's task cancels the action, and what it calls")
    func cancellation() async throws {
        try await withDesk(on: InProcessExchange()) { agents, desk, bell in
            let inner = try await agents.launch(MyDesk(bell: bell), configuration: .test())
            let call = Task { try await desk.nested(inner.handle, "a") }
            try await bell.heard("began a")
            call.cancel()
            let error = await #expect(throws: ExchangeError.self) { try await call.value }
            #expect(error?.code == .cancelled)
            try await bell.heard("cancelled a")
            try await bell.heard("nested cancelled")
        }
    }

    @Test("A nested call never waits longer than the caller of the action, and is cancelled with it")
    func nestedDeadline() async throws {
        try await withDesk(on: InProcessExchange()) { agents, desk, bell in
            let inner = try await agents.launch(MyDesk(bell: bell), configuration: .test())
            await bell.late("a") { _ = try await desk.nested(inner.handle, "a", deadline: $0) }
            try await bell.heard("cancelled a")
        }
    }

    @Test("An expired request is answered and not run")
    func expired() async throws {
        let exchange = InProcessExchange()
        let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
        let registration = try await user.registerAgent(Desk.self)
        let desk = user.handle(to: registration.agentID, as: Desk.self)
        let error = await #expect(throws: ExchangeError.self) {
            try await desk.wait("late", deadline: .milliseconds(50))
        }
        #expect(error?.code == .deadlineExceeded)
        let bell = Bell()
        let runtime = AgentRuntime(
            MyDesk(bell: bell),
            registration: registration,
            exchange: exchange,
            configuration: .test()
        )
        async let run: Void = runtime.run()
        #expect(await runtime.waitUntilReady())
        _ = try await desk.facts()
        runtime.stop()
        try await run
        #expect(bell.events.value == ["started", "stopping"])
        await user.close()
    }

    @Test("An action that nobody waits for any more at its deadline is cancelled")
    func cancelledAtDeadline() async throws {
        try await withDesk(on: InProcessExchange()) { _, desk, bell in
            await bell.late("a") { _ = try await desk.wait("a", deadline: $0) }
            try await bell.heard("cancelled a")
        }
    }

    @Test("No more actions run than the agent's limit allows, and the others run after them")
    func agentLimit() async throws {
        try await withDesk(on: InProcessExchange(), configure: { $0.maximumConcurrentActions = 2 }) { _, desk, bell in
            try await withThrowingTaskGroup(of: String.self) { group in
                for name in ["a", "b"] { group.addTask { try await desk.wait(name) } }
                try await bell.heard("began a")
                try await bell.heard("began b")
                group.addTask { try await desk.wait("c") }
                #expect(try await desk.handle.ping() > .zero)
                #expect(!bell.events.value.contains("began c"))
                bell.release("a")
                try await bell.heard("began c")
                bell.release("b")
                bell.release("c")
                try await group.waitForAll()
            }
        }
    }

    @Test("An action's own limit lets other actions pass")
    func actionLimit() async throws {
        try await withDesk(on: InProcessExchange()) { _, desk, bell in
            async let first = desk.slow("a")
            try await bell.heard("began a")
            let second = Task { try await desk.slow("b") }
            bell.release("c")
            #expect(try await desk.wait("c") == "c")
            #expect(!bell.events.value.contains("began b"))
            bell.release("a")
            bell.release("b")
            #expect(try await first == "a")
            #expect(try await second.value == "b")
        }
    }

    @Test("A request that waits for a limit can be cancelled, and never runs")
    func cancelWaiting() async throws {
        try await withDesk(on: InProcessExchange()) { _, desk, bell in
            async let first = desk.slow("a")
            try await bell.heard("began a")
            let error = await #expect(throws: ExchangeError.self) {
                try await desk.slow("b", deadline: .milliseconds(100))
            }
            #expect(error?.code == .deadlineExceeded)
            bell.release("a")
            bell.release("c")
            #expect(try await first == "a")
            #expect(try await desk.slow("c") == "c")
            #expect(!bell.events.value.contains("began b"))
        }
    }

    @Test("An action that the agent does not have is refused")
    func unknown() async throws {
        try await withDesk(on: InProcessExchange()) { agents, desk, _ in
            let wrong = agents.user.handle(to: desk.id, as: Bank.self)
            let error = await #expect(throws: ExchangeError.self) { try await wrong.balance() }
            #expect(error?.code == .unknownAction)
        }
    }

    @Test("A handle that was decoded belongs to no client, until it is bound")
    func decodedHandle() async throws {
        try await withDesk(on: InProcessExchange()) { agents, desk, _ in
            let bytes = try JSONEncoder().encode(desk.handle)
            let decoded = try JSONDecoder().decode(Handle<Desk>.self, from: bytes)
            #expect(decoded == desk.handle)
            let error = await #expect(throws: ExchangeError.self) { try await decoded.facts() }
            #expect(error?.code == .invalidMessage)
            #expect(try await decoded.bound(to: agents.user).facts().agent == desk.id)
        }
    }
}
