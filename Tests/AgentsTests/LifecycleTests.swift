import AgentExchange
import Agents
import ExchangeTestKit
import InProcessExchange
import Testing

@Suite("The life of an agent")
struct LifecycleTests {
    @Test("A launched agent that is stopped calls its hooks and is terminated")
    func hooks() async throws {
        try await withDesk(on: InProcessExchange()) { agents, desk, bell in
            #expect(bell.events.value == ["started"])
            try await desk.stop()
            #expect(bell.events.value == ["started", "stopping"])
            #expect(try await agents.user.status(of: desk.id) == .terminated)
        }
    }

    @Test("A shutdown request stops the agent, and says whether its mailbox is terminated", arguments: [true, false])
    func shutdownRequest(terminate: Bool) async throws {
        try await withDesk(on: InProcessExchange()) { agents, desk, _ in
            try await desk.handle.shutdown(terminate: terminate)
            try await desk.waitUntilEnded()
            #expect(try await agents.user.status(of: desk.id) == (terminate ? .terminated : .active))
        }
    }

    @Test("Configuration says whether a mailbox is terminated on success and on error", arguments: [true, false])
    func terminateFlags(terminate: Bool) async throws {
        struct Failing: Agent {
            static let actions = Actions<Failing, Empty> {
                $0.loop("fail") { _, _ in throw Fire() }
            }
        }
        let configuration = AgentConfiguration.test {
            $0.terminateOnSuccess = terminate
            $0.terminateOnError = !terminate
        }
        let user = try await InProcessExchange().makeUserClient(configuration: configuration.client)
        let good = try await user.launch(MyDesk(bell: Bell()), configuration: configuration)
        try await good.stop()
        #expect(try await user.status(of: good.id) == (terminate ? .terminated : .active))
        let bad = try await user.launch(Failing(), configuration: configuration)
        let error = await #expect(throws: LoopFailure.self) { try await bad.waitUntilEnded() }
        #expect(error?.loop == "fail" && error?.error is Fire)
        #expect(try await user.status(of: bad.id) == (terminate ? .active : .terminated))
        await user.close()
    }

    @Test("When the start-up hook throws, launching throws the same, and nothing is left")
    func startFails() async throws {
        struct Failing: Agent {
            static let actions = Actions<Failing, Empty> { _ in }
            func started(_ context: AgentContext) async throws { throw Fire() }
        }
        let user = try await InProcessExchange().makeUserClient(configuration: AgentConfiguration.test().client)
        await #expect(throws: Fire.self) { try await user.launch(Failing(), configuration: .test()) }
        let found = try await user.discover(Empty.self)
        #expect(found.isEmpty)
        await user.close()
    }

    @Test("Within the grace period what runs is finished and answered; what comes later is not begun")
    func graceFinishes() async throws {
        let exchange = InProcessExchange()
        try await withDesk(on: exchange, configure: { $0.terminateOnSuccess = false }) { agents, desk, bell in
            async let first = desk.wait("a")
            try await bell.heard("began a")
            desk.stopSoon()
            let later = Task { try await desk.wait("b") }
            bell.release("b")
            bell.release("a")
            #expect(try await first == "a")
            try await desk.waitUntilEnded()
            #expect(bell.events.value == ["started", "began a", "ended a", "stopping"])
            // The next run of the agent answers what was left.
            let next = AgentRuntime(
                MyDesk(bell: bell),
                registration: desk.registration,
                exchange: exchange,
                configuration: .test()
            )
            async let run: Void = next.run()
            #expect(try await later.value == "b")
            next.stop()
            try await run
            #expect(try await agents.user.status(of: desk.id) == .active)
        }
    }

    @Test("After the grace period what runs is cancelled, and answered")
    func graceCancels() async throws {
        try await withDesk(on: InProcessExchange(), configure: { $0.gracePeriod = .milliseconds(50) }) {
            _,
            desk,
            bell in
            let call = Task { try await desk.wait("a") }
            try await bell.heard("began a")
            try await desk.stop()
            let error = await #expect(throws: ExchangeError.self) { try await call.value }
            #expect(error?.code == .cancelled)
            #expect(bell.events.value == ["started", "began a", "cancelled a", "stopping"])
        }
    }

    @Test("What a dying run had not answered is redelivered, and the action is told")
    func redelivery() async throws {
        let exchange = InProcessExchange()
        let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
        let registration = try await user.registerAgent(Desk.self)
        let transport = try await exchange.makeAgentTransport(registration)
        async let facts = user.handle(to: registration.agentID, as: Desk.self).facts()
        _ = try await transport.receive(timeout: .seconds(10))
        await transport.close()
        let runtime = AgentRuntime(
            MyDesk(bell: Bell()),
            registration: registration,
            exchange: exchange,
            configuration: .test()
        )
        async let run: Void = runtime.run()
        #expect(try await facts.attempt == 2)
        #expect(try await facts.isRedelivery)
        runtime.stop()
        try await run
        await user.close()
    }

    @Test("Cancelling the task that runs an agent stops it with its grace period")
    func taskCancellation() async throws {
        let exchange = InProcessExchange()
        let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
        let registration = try await user.registerAgent(Desk.self)
        let bell = Bell()
        let runtime = AgentRuntime(
            MyDesk(bell: bell),
            registration: registration,
            exchange: exchange,
            configuration: .test()
        )
        let run = Task { try await runtime.run() }
        let call = Task { try await user.handle(to: registration.agentID, as: Desk.self).wait("a") }
        try await bell.heard("began a")
        run.cancel()
        bell.release("a")
        #expect(try await call.value == "a")
        try await run.value
        #expect(bell.events.value.last == "stopping")
        #expect(try await user.status(of: registration.agentID) == .active)
        await user.close()
    }

    @Test("Terminating the mailbox ends the agent")
    func terminated() async throws {
        try await withDesk(on: InProcessExchange()) { agents, desk, bell in
            let call = Task { try await desk.wait("a") }
            try await bell.heard("began a")
            try await agents.user.terminate(desk.id)
            try await desk.waitUntilEnded()
            let error = await #expect(throws: ExchangeError.self) { try await call.value }
            #expect(error?.code == .mailboxTerminated)
        }
    }

    @Test("An agent can stop itself")
    func stopsItself() async throws {
        struct Shy: Agent {
            static let actions = Actions<Shy, Empty> {
                $0.loop("leave") { _, context in context.shutdown() }
            }
        }
        let user = try await InProcessExchange().makeUserClient(configuration: AgentConfiguration.test().client)
        let shy = try await user.launch(Shy(), configuration: .test())
        try await shy.waitUntilEnded()
        #expect(try await user.status(of: shy.id) == .terminated)
        await user.close()
    }
}

/// Nothing can be asked.
struct Empty: AgentInterface {}
