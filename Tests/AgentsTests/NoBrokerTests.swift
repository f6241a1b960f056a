import AgentExchange
import Agents
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

/// A program whose broker is not there: it ends with a line and a status, or waits.
@Suite("A service without a broker", .serialized)
struct NoBrokerTests {
    private let registration = AgentRegistration(agentID: AgentID(name: "worker"), type: AgentType("Test.Work"))

    private func start(_ mode: String, _ exchange: RabbitMQExchange) throws -> ChildProcess {
        let process = try ChildProcess(try ProductsDirectory.executable("agent-service"), [mode])
        let encoder = JSONEncoder()
        try process.write(String(decoding: try encoder.encode(exchange), as: UTF8.self))
        try process.write(String(decoding: try encoder.encode(registration), as: UTF8.self))
        return process
    }

    private func exchange(port: Int, patience: Duration? = nil) throws -> RabbitMQExchange {
        var configuration = RabbitMQConfiguration()
        configuration.connectPatience = patience
        return try RabbitMQExchange(url: "amqp://guest:guest@127.0.0.1:\(port)", configuration: configuration)
    }

    @Test(
        "It ends with one line that names the cause, and status 3; no trap, no backtrace",
        arguments: SignalTests.modes
    )
    func oneLine(mode: String) async throws {
        let process = try start(mode, try exchange(port: 1))
        #expect(try await process.waitForExit(timeout: .seconds(30)) == .code(3))
        #expect(try await process.remainingOutput().isEmpty)
        let lines = process.standardError.split(separator: "\n")
        #expect(lines.count == 1, "\(process.standardError)")
        #expect(lines.first?.hasPrefix("agent-service: connection-lost: ") == true, "\(process.standardError)")
        #expect(process.standardError.contains("127.0.0.1:1"))
    }

    @Test("Bad settings are status 2, another error 1, and success ends nothing")
    func statuses() async {
        #expect(ExchangeError(.invalidConfiguration, "a bad URL").exitStatus == 2)
        #expect(ExchangeError(.unauthorized, "a wrong password").exitStatus == 3)
        #expect(ExchangeError(.mailboxInUse, "somebody else serves it").exitStatus == 1)
        await runProgram {}
    }

    @Test("The patience ends", arguments: SignalTests.modes)
    func impatient(mode: String) async throws {
        let process = try start(mode, try exchange(port: 1, patience: .milliseconds(700)))
        #expect(try await process.waitForExit(timeout: .seconds(30)) == .code(3))
        #expect(process.standardError.contains("the broker can't be reached yet; it is tried again"))
    }

    @Test("While it waits, SIGTERM ends it, with status 0", arguments: SignalTests.modes)
    func stopped(mode: String) async throws {
        let process = try start(mode, try exchange(port: 1, patience: .seconds(600)))
        try await eventually("it waits", timeout: .seconds(20)) { process.standardError.contains("tried again") }
        process.signal(SIGTERM)
        #expect(try await process.waitForExit(timeout: .seconds(30)) == .code(0), "\(process.standardError)")
    }

    @Test(
        "It waits for a broker that starts later, and serves",
        .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
    )
    func waits() async throws {
        let broker = try await PrivateBroker.borrow()
        let exchange = try exchange(port: broker.port, patience: .seconds(120))
        let registration = try await exchange.registerAgent(AgentType("Test.Work"))
        try await broker.halt()
        let process = try ChildProcess(try ProductsDirectory.executable("agent-service"), ["signals"])
        let encoder = JSONEncoder()
        try process.write(String(decoding: try encoder.encode(exchange), as: UTF8.self))
        try process.write(String(decoding: try encoder.encode(registration), as: UTF8.self))
        try await eventually("it waits", timeout: .seconds(20)) { process.standardError.contains("tried again") }
        try await broker.restart()
        #expect(try await process.nextLine(timeout: .seconds(60)) == "started", "\(process.standardError)")
        process.signal(SIGTERM)
        #expect(try await process.waitForExit(timeout: .seconds(60)) == .code(0))
        await broker.giveBack()
    }
}
