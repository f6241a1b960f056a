import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Deadlines")
    struct DeadlineTests {
        /// What every call may take at most when an operation has 2 s: some consist of several.
        private static let limit = Duration.seconds(7)

        @Test("Every call ends while the broker is stopped, and new calls work when it goes on")
        func stoppedBroker() async throws {
            let broker = try await PrivateBroker.borrow()
            let cast = try await Cast(on: broker)
            try await broker.pause()
            let calls = await cast.callEverything()
            let opening = await outcome { try await cast.scene.user("new") }
            try await broker.resume()
            for call in calls { #expect(call.isTyped && call.duration < Self.limit, "\(call)") }
            #expect(opening.error?.code == .connectionLost)
            #expect(opening.duration < Self.limit)
            try await cast.expectEverythingWorks()

            try await broker.pause()
            let closing = await cast.close()
            try await broker.resume()
            #expect(closing < .seconds(12), "closing two sessions took \(closing)")
            await broker.giveBack()
        }

        @Test("Every call ends while the broker is short of memory, and new calls work when it is not")
        func memoryAlarm() async throws {
            let broker = try await PrivateBroker.borrow()
            let cast = try await Cast(on: broker)
            try await broker.control("set_vm_memory_high_watermark", "absolute", "1MB")
            try await eventually("the alarm") { try await broker.control("status").contains("Memory alarm") }
            try await cast.expectBlocked()
            let calls = await cast.callEverything()
            for call in calls { #expect(call.isTyped && call.duration < Self.limit, "\(call)") }
            let sending = calls.first { $0.name == "send" }
            #expect(sending?.error?.code == .brokerBlocked)
            #expect(sending?.error?.delivery == .notSent)
            try await broker.control("set_vm_memory_high_watermark", "0.8")
            try await cast.expectEverythingWorks()

            try await broker.control("set_vm_memory_high_watermark", "absolute", "1MB")
            let closing = await cast.close()
            #expect(closing < .seconds(12), "closing two sessions took \(closing)")
            await broker.giveBack()
        }
    }
}

/// A user and an agent in sessions of their own, on a broker that will not answer.
private struct Cast: Sendable {
    let scene: Scene
    let user: UserExchangeClient
    let registration: AgentRegistration
    let other: AgentRegistration
    let agent: AgentExchangeClient
    let listener: any ExchangeTransport

    /// A call and how it ended.
    struct Call: Sendable, CustomStringConvertible {
        let name: String
        let error: ExchangeError?
        let duration: Duration

        var isTyped: Bool {
            let expected: [ExchangeError.Code] = [.deadlineExceeded, .brokerBlocked, .connectionLost, .unavailable]
            return error.map { expected.contains($0.code) } == true
        }

        var description: String { "\(name): \(error.map { "\($0)" } ?? "no error") after \(duration)" }
    }

    init(on broker: PrivateBroker) async throws {
        scene = try await Scene(on: broker) { $0.operationTimeout = .seconds(2) }
        user = try await scene.user("one")
        registration = try await user.registerAgent(AgentType("Clerk"))
        other = try await user.registerAgent(AgentType("Clerk"))
        agent = try await scene.serve(registration, "two")
        listener = try await scene.exchange("one").makeUserTransport(name: nil)
        _ = try await user.handle(to: registration.agentID).ping()
        _ = try await user.discover(AgentType("Clerk"))
    }

    /// Makes every call at the same time. None of them can succeed.
    func callEverything() async -> [Call] {
        let (transport, handle) = (user.transport, user.handle(to: registration.agentID))
        let id = EntityID.agent(other.agentID)
        let calls: [(String, @Sendable () async throws -> Void)] = [
            ("send", { try await transport.send(.request(try Request(from: transport.mailboxID, to: id, .ping))) }),
            (
                "send together",
                {
                    let request = Message.request(try Request(from: transport.mailboxID, to: id, .ping))
                    let results = await transport.send([request, request, request])
                    for result in results { #expect(throws: ExchangeError.self) { try result.get() } }
                    try results[0].get()
                }
            ),
            ("receive", { _ = try await listener.receive(timeout: .seconds(2)) }),
            ("registerAgent", { _ = try await transport.registerAgent(AgentType("Clerk")) }),
            (
                "registerAgents",
                {
                    _ = try await transport.registerAgents([.init(AgentType("Clerk")), .init(AgentType("Clerk"))])
                }
            ),
            ("discover by type", { _ = try await transport.discover(AgentType("Clerk")) }),
            ("discover by name", { _ = try await transport.discover(named: "nobody") }),
            ("status", { _ = try await transport.status(of: id) }),
            ("details", { _ = try await transport.details(of: id) }),
            ("terminate", { try await transport.terminate(id) }),
            ("action", { _ = try await handle.action("double", .init(1), deadline: .seconds(2)) }),
            (
                "action with a longer deadline",
                { _ = try await handle.action("double", .init(1), deadline: .seconds(4)) }
            ),
            ("ping", { _ = try await handle.ping(timeout: .seconds(2)) }),
            ("makeUserTransport", { _ = try await scene.exchange("one").makeUserTransport(name: nil) }),
            ("makeAgentTransport", { _ = try await scene.exchange("one").makeAgentTransport(other) }),
        ]
        return await withTaskGroup(of: Call.self) { group in
            for (name, body) in calls {
                group.addTask {
                    let ending = await outcome(of: body)
                    return Call(name: name, error: ending.error, duration: ending.duration)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// The broker lets the first message of each connection through, and reads no more then.
    func expectBlocked() async throws {
        try await eventually("the user's connection to be blocked") {
            await outcome { try await user.transport.discover(named: "nobody") }.error != nil
        }
    }

    /// The same connections serve new calls.
    func expectEverythingWorks() async throws {
        try await eventually("an answer", timeout: .seconds(20)) {
            try await user.handle(to: registration.agentID).action("double", .init(21), returning: Int.self) == 42
        }
        let new = try await user.registerAgent(AgentType("Clerk"))
        #expect(try await user.discover(AgentType("Clerk")).contains(new.agentID))
        #expect(try await user.status(of: new.agentID) == .active)
        try await user.terminate(new.agentID)
        #expect(try await user.status(of: new.agentID) == .terminated)
        let connections = try await scene.management.connections().count
        #expect(connections == 4, "two sessions of two connections")
    }

    /// Closes all, and returns how long that took.
    func close() async -> Duration {
        let start = ContinuousClock.now
        await withDiscardingTaskGroup { group in
            group.addTask { await listener.close() }
            group.addTask { await agent.close() }
            group.addTask { await user.close() }
        }
        return start.duration(to: .now)
    }
}
