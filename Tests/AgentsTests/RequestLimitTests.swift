import AgentExchange
import Agents
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

@Suite(
    "The limit of an agent, on the broker",
    .serialized,
    .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
)
struct RequestLimitTests {
    private let scene = BrokerScene()

    @Test("What waits for the limit is ready on the broker; pings and a shutdown pass it")
    func limit() async throws {
        let exchange = try await scene.exchange()
        try await withDesk(on: exchange, configure: { $0.maximumConcurrentActions = 2 }) { agents, desk, bell in
            let calls = (0..<20).map { number in
                Task { try await desk.wait("\(number)") }
            }
            try await eventually("two run", value: { bell.events.value.count { $0.hasPrefix("began") } }) { $0 == 2 }
            let taken = 2 + AgentConfiguration.requestAllowance
            try await scene.messages(of: desk.id, ready: 20 - taken, unacknowledged: taken)
            #expect(bell.events.value.count { $0.hasPrefix("began") } == 2)

            let other = try await exchangeInOtherSession().makeUserClient(
                configuration: AgentConfiguration.test().client
            )
            let handle = other.handle(to: desk.id, as: Desk.self)
            // All the others are still there.
            _ = try await handle.ping()
            // One that is cancelled frees its place, though its request waits behind others.
            calls[19].cancel()
            await #expect(throws: ExchangeError.self) { try await calls[19].value }
            for number in 0..<20 { bell.release("\(number)") }
            for call in calls.dropLast() { _ = try await call.value }
            await other.close()
        }
    }

    @Test("A shutdown stops an agent whose mailbox is full, and leaves no request that stops the next one")
    func shutdown() async throws {
        let exchange = try await scene.exchange()
        let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
        let bell = Bell()
        func configuration(_ limit: Int) -> AgentConfiguration {
            .test {
                $0.maximumConcurrentActions = limit
                $0.terminateOnSuccess = false
            }
        }
        let desk = try await user.launch(MyDesk(bell: bell), configuration: configuration(1))
        let calls = (0..<12).map { number in
            Task { try await desk.wait("\(number)") }
        }
        try await eventually("one runs", value: { bell.events.value.count { $0.hasPrefix("began") } }) { $0 == 1 }
        try await scene.messages(of: desk.id, ready: 7, unacknowledged: 5)
        // The action that runs and the requests that wait are still there.
        try await desk.handle.shutdown()
        for number in 0..<12 { bell.release("\(number)") }
        try await desk.waitUntilEnded()
        try await scene.messages(of: desk.id, ready: 11, unacknowledged: 0)
        let next = AgentRuntime(
            MyDesk(bell: bell),
            registration: desk.registration,
            exchange: exchange,
            configuration: configuration(4)
        )
        async let run: Void = next.run()
        for (number, call) in calls.enumerated() { #expect(try await call.value == "\(number)") }
        try await scene.messages(of: desk.id, ready: 0, unacknowledged: 0)
        _ = try await desk.handle.ping()
        next.stop()
        try await run
        try await user.terminate(desk.id)
        await user.close()
    }

    @Test("More processes stand by than the agent has places for: it goes on serving")
    func manyStandbys() async throws {
        let exchange = try await scene.exchange()
        let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
        let registration = try await user.registerAgent(Desk.self)
        let desk = user.handle(to: registration.agentID, as: Desk.self)
        let runtimes = (0..<7).map { _ in
            AgentRuntime(
                MyDesk(bell: Bell()),
                registration: registration,
                exchange: exchange,
                mode: .standby,
                configuration: .test { $0.maximumConcurrentActions = 1 }
            )
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, runtime) in runtimes.enumerated() {
                group.addTask { try await runtime.run() }
                #expect(await runtime.waitUntil(number == 0 ? .ready : .attached))
            }
            for _ in 0..<20 { #expect(try await desk.facts(deadline: .seconds(10)).attempt == 1) }
            runtimes[0].stop()
            #expect(try await desk.facts(deadline: .seconds(10)).agent == registration.agentID)
            for runtime in runtimes { runtime.stop() }
            try await group.waitForAll()
        }
        try await user.terminate(registration.agentID)
        await user.close()
    }

    private func exchangeInOtherSession() async throws -> RabbitMQExchange { try await scene.exchange("other") }
}
