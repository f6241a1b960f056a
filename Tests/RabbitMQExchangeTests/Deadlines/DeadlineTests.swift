import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Deadlines")
    struct DeadlineTests {
        @Test("Every call ends while the broker is stopped, and new calls work when it goes on")
        func stoppedBroker() async throws {
            let broker = try await PrivateBroker.borrow()
            let cast = try await Cast(on: broker)
            try await broker.pause()
            let calls = await cast.callEverything()
            let opening = await outcome { try await cast.scene.user("new") }
            try await broker.resume()
            // All have ended before the broker went on.
            for call in calls { #expect(call.isTyped, "\(call)") }
            #expect(opening.error?.code == .connectionLost)
            try await cast.expectEverythingWorks()

            try await broker.pause()
            await cast.close()
            try await broker.resume()
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
            // All have ended before the alarm did.
            for call in calls { #expect(call.isTyped, "\(call)") }
            let sending = calls.first { $0.name == "send" }
            #expect(sending?.error?.code == .brokerBlocked)
            #expect(sending?.error?.delivery == .notSent)
            try await broker.control("set_vm_memory_high_watermark", "0.8")
            try await cast.expectEverythingWorks()

            try await broker.control("set_vm_memory_high_watermark", "absolute", "1MB")
            await cast.close()
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
        var impatient = try await Scene(on: broker)
        let patient = try await impatient.user("patient")
        let served = try await patient.registerAgent(AgentType("Clerk"))
        other = try await patient.registerAgent(AgentType("Clerk"))
        await patient.close()
        impatient.configuration.operationTimeout = .seconds(2)
        let scene = impatient
        let user = try await eventually("a session") { try await scene.user("one") }
        agent = try await eventually("an agent") { try await scene.serve(served, "two") }
        let exchange = try scene.exchange("one")
        listener = try await eventually("a listener") { try await exchange.makeUserTransport(name: nil) }
        try await eventually("an answer") { try await user.handle(to: served.agentID).ping() > .zero }
        try await eventually("the agents") { try await user.discover(AgentType("Clerk")).count == 2 }
        self.scene = scene
        self.user = user
        registration = served
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
        let new = try await eventually("a registration") { try await user.registerAgent(AgentType("Clerk")) }
        try await eventually("the agent is found") {
            try await user.discover(AgentType("Clerk")).contains(new.agentID)
        }
        try await eventually("the agent is active") { try await user.status(of: new.agentID) == .active }
        try await eventually("a termination") {
            try await user.terminate(new.agentID)
            return true
        }
        try await eventually("the agent is terminated") { try await user.status(of: new.agentID) == .terminated }
        // Two sessions of two connections.
        try await eventually("four connections", value: { try await scene.management.connections().count }) { $0 == 4 }
    }

    /// Closes all.
    func close() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await listener.close() }
            group.addTask { await agent.close() }
            group.addTask { await user.close() }
        }
    }
}
