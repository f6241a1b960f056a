import AgentExchange
import Agents
import ExchangeTestKit
import InProcessExchange
import Testing

@Suite("Agents on standby")
struct StandbyTests {
    @Test("A standby does nothing, takes over when the other stops, and answers what that one left")
    func handover() async throws {
        try await standbyHandover(on: InProcessExchange())
    }

    @Test("A standby that is stopped, or whose agent is terminated, ends without having been the agent")
    func standbyEnds() async throws {
        let exchange = InProcessExchange()
        let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
        let registration = try await user.registerAgent(Desk.self)
        let bells = [Bell(), Bell(), Bell()]
        let runtimes = bells.map {
            AgentRuntime(
                MyDesk(bell: $0),
                registration: registration,
                exchange: exchange,
                mode: .standby,
                configuration: .test { $0.terminateOnSuccess = true }
            )
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runtimes[0].run() }
            #expect(await runtimes[0].waitUntilReady())
            let second = Task { try await runtimes[1].run() }
            group.addTask { try await runtimes[2].run() }
            try await attached(3, registration, user)
            runtimes[1].stop()
            try await second.value
            #expect(try await user.status(of: registration.agentID) == .active)
            try await user.terminate(registration.agentID)
            try await group.waitForAll()
        }
        #expect(bells.map(\.events.value) == [["started", "stopping"], [], []])
        await user.close()
    }

    @Test("Middleware that lets nothing through does not keep an agent from taking over")
    func middleware() async throws {
        let exchange = InProcessExchange()
        let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
        let registration = try await user.registerAgent(Desk.self)
        let runtime = AgentRuntime(
            MyDesk(bell: Bell()),
            registration: registration,
            exchange: exchange,
            mode: .standby,
            configuration: .test { $0.client.middleware = [Closed()] }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runtime.run() }
            #expect(await runtime.waitUntilReady())
            let refusal = await #expect(throws: ExchangeError.self) {
                _ = try await user.handle(to: registration.agentID).action("any")
            }
            #expect(refusal?.code == .forbidden)
            runtime.stop()
            try await group.waitForAll()
        }
        await user.close()
    }
}

/// Lets nothing through, in either direction.
private struct Closed: ExchangeMiddleware {
    func call(_ call: ClientCall, next: @escaping CallStep) async throws(ExchangeError) -> Response {
        throw ExchangeError(.forbidden, "nothing is called", delivery: .notSent)
    }

    func serve(_ request: Request, next: @escaping ServiceStep) async throws -> Response {
        request.error(.forbidden, "nothing is served")
    }
}

func attached(_ count: Int, _ registration: AgentRegistration, _ user: UserExchangeClient) async throws {
    let id = EntityID.agent(registration.agentID)
    try await eventually("\(count) attached", value: { try await user.transport.details(of: id).attachedConsumers }) {
        $0 == count
    }
}

/// Two runtimes run the same agent: the second takes over from the first.
func standbyHandover(
    on exchange: any ExchangeFactory,
    _ other: (any ExchangeFactory)? = nil,
    consumers: (@Sendable (AgentRegistration) async throws -> Int)? = nil
) async throws {
    let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
    let registration = try await user.registerAgent(Desk.self)
    let desk = user.handle(to: registration.agentID, as: Desk.self)
    let bells = [Bell(), Bell()]
    func runtime(_ bell: Bell, _ exchange: any ExchangeFactory) -> AgentRuntime<MyDesk> {
        AgentRuntime(
            MyDesk(bell: bell),
            registration: registration,
            exchange: exchange,
            mode: .standby,
            configuration: .test { $0.gracePeriod = .seconds(1) }
        )
    }
    let (first, second) = (runtime(bells[0], exchange), runtime(bells[1], other ?? exchange))
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await first.run() }
        #expect(await first.waitUntilReady())
        group.addTask { try await second.run() }
        if let consumers {
            try await eventually("two consumers", value: { try await consumers(registration) }) { $0 == 2 }
        } else {
            try await attached(2, registration, user)
        }
        #expect(try await desk.facts().attempt == 1)
        #expect(bells[1].events.value == [])
        // It will not end before the first is closed, and is served again by the second.
        let call = Task { try await desk.stubborn() }
        try await bells[0].heard("began stubborn")
        bells[1].release("stubborn")
        first.stop()
        #expect(try await call.value == "stubborn")
        #expect(bells[1].events.value == ["started", "began stubborn", "ended stubborn"])
        bells[0].release("stubborn")
        second.stop()
        try await group.waitForAll()
    }
    #expect(bells[1].events.value.last == "stopping")
    await user.close()
}
