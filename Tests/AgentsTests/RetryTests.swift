import AgentExchange
import Agents
import ExchangeTestKit
import Foundation
import InProcessExchange
import Testing

/// What a till can be asked.
struct Till: AgentInterface {
    /// Fails so many times, and returns the attempt.
    let flaky = Action<Int, String, Int>("flaky")
    /// Throws an error that the interface registers, or one that is final by itself.
    let final = Action<Void, Bool>("final")
    /// Throws an error that its policy does not try again.
    let chosen = Action<Void>("chosen")

    static let errors: [any CodableError.Type] = [TillError.self]
}

enum TillError: CodableError { case empty }

/// An agent that counts its attempts.
final class MyTill: Agent {
    static let actions = Actions<MyTill, Till> {
        $0.on(\.flaky, retry: .backoff(first: .milliseconds(400), jitter: 0, attempts: 4)) { till, name, failures in
            let attempt = ActionContext.current?.attempt ?? 0
            till.attempts.update { $0.append("\(name) \(attempt)") }
            if attempt <= failures { throw Fire() }
            return attempt
        }
        $0.on(\.final, retry: .backoff(attempts: 4)) { till, isRegistered in
            till.attempts.update { $0.append("final") }
            throw isRegistered ? TillError.empty : Failure(.remote, "final") as any Error
        }
        $0.on(\.chosen, retry: .backoff(attempts: 4) { !($0 is Fire) }) { till in
            till.attempts.update { $0.append("chosen") }
            throw Fire()
        }
    }

    let attempts: Monitor<[String]>

    init(_ attempts: Monitor<[String]> = Monitor([])) { self.attempts = attempts }
}

@Suite("Actions that are tried again")
struct RetryTests {
    static let exchanges: [String] = PrivateBroker.isInstalled ? ["in process", "broker"] : ["in process"]

    private func withTill(
        on exchange: String,
        _ body: (LaunchedAgent<Till>, AgentScope, Monitor<[String]>) async throws -> Void
    ) async throws {
        let factory: any ExchangeFactory =
            exchange == "broker" ? try await BrokerScene().exchange() : InProcessExchange()
        let attempts = Monitor<[String]>([])
        try await withAgents(on: factory, configuration: AgentConfiguration.test().client) { agents in
            let till = try await agents.launch(MyTill(attempts), configuration: .test())
            try await body(till, agents, attempts)
        }
    }

    @Test("The caller gets the result of the first attempt that succeeds", arguments: exchanges)
    func succeeds(_ exchange: String) async throws {
        try await withTill(on: exchange) { till, _, attempts in
            let result = try await till.flaky("a", 2)
            #expect(result == 3)
            #expect(attempts.value == ["a 1", "a 2", "a 3"])
        }
    }

    @Test("After the last attempt the caller gets its error", arguments: exchanges)
    func fails(_ exchange: String) async throws {
        try await withTill(on: exchange) { till, _, attempts in
            let error = await #expect(throws: ExchangeError.self) { try await till.flaky("a", 9) }
            #expect(error?.code == .remote && error?.failure?.type?.hasSuffix("Fire") == true)
            #expect(attempts.value == ["a 1", "a 2", "a 3", "a 4"])
        }
    }

    @Test("An attempt that would begin after the deadline is not waited for: the error is the answer")
    func deadline() async throws {
        try await withTill(on: "in process") { till, _, attempts in
            let error = await #expect(throws: ExchangeError.self) {
                try await till.flaky("a", 9, deadline: .milliseconds(300))
            }
            #expect(error?.code == .remote)
            #expect(attempts.value == ["a 1"])
        }
    }

    @Test("Final answers are not tried again, nor what the policy leaves out")
    func final() async throws {
        try await withTill(on: "in process") { till, _, attempts in
            await #expect(throws: TillError.empty) { try await till.final(true) }
            await #expect(throws: ExchangeError.self) { try await till.final(false) }
            await #expect(throws: ExchangeError.self) { try await till.chosen() }
            #expect(attempts.value == ["final", "final", "chosen"])
        }
    }

    @Test("A call that is cancelled while it waits for an attempt has no further one", arguments: exchanges)
    func cancelled(_ exchange: String) async throws {
        try await withTill(on: exchange) { till, _, attempts in
            let call = Task { try await till.flaky("a", 9) }
            try await eventually("the first attempt", value: { attempts.value }) { $0 == ["a 1"] }
            call.cancel()
            let error = await #expect(throws: ExchangeError.self) { try await call.value }
            #expect(error?.code == .cancelled)
            // Behind the attempt that is not made.
            let later = try await till.flaky.schedule("b", 0, after: .milliseconds(1500), deadline: .seconds(60))
            #expect(try await later.result(returning: Int.self) == 1)
            #expect(attempts.value == ["a 1", "b 1"])
        }
    }

    @Test("An action is scheduled by a typed handle", arguments: exchanges)
    func scheduled(_ exchange: String) async throws {
        try await withTill(on: exchange) { till, _, _ in
            let time = Date(timeIntervalSinceNow: 0.5)
            let request = try await till.flaky.schedule("a", 0, at: time, deadline: .seconds(60))
            #expect(try await request.result(returning: Int.self) == 1)
            #expect(Date.now >= time.addingTimeInterval(-0.001))
        }
    }

    @Test("An action is repeated by a typed handle, with its attempts at each time", arguments: exchanges)
    func repeated(_ exchange: String) async throws {
        try await withTill(on: exchange) { till, _, attempts in
            try await till.flaky.schedule("a", 1, every: .seconds(2), named: "flaky", from: .now)
            try await eventually("attempts at two times", value: { attempts.value }) { $0.count >= 4 }
            try await till.handle.cancelSeries(named: "flaky", deadline: .seconds(60))
            #expect(attempts.value.prefix(4) == ["a 1", "a 2", "a 1", "a 2"])
        }
    }

    @Test(
        "An attempt that waits outlives its process: the next one makes it",
        .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
    )
    func restarted() async throws {
        let scene = BrokerScene()
        let user = try await scene.exchange("user").makeUserClient(configuration: AgentConfiguration.test().client)
        let registration = try await user.registerAgent(Till.self)
        let till = user.handle(to: registration.agentID, as: Till.self)
        let attempts = Monitor<[String]>([])
        let call = Task { try await till.flaky("a", 1) }
        for process in ["one", "two"] {
            let runtime = AgentRuntime(
                MyTill(attempts),
                registration: registration,
                exchange: try await scene.exchange(process),
                configuration: .test { $0.terminateOnSuccess = false }
            )
            async let run: Void = runtime.run()
            let count = process == "one" ? 1 : 2
            try await eventually("an attempt in process \(process)", value: { attempts.value }) { $0.count == count }
            if process == "two" { #expect(try await call.value == 2) }
            runtime.stop()
            try await run
        }
        #expect(attempts.value == ["a 1", "a 2"])
        try await user.transport.terminate(.agent(registration.agentID))
        await user.close()
    }
}
