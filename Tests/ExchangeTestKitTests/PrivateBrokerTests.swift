import ExchangeTestKit
import Foundation
import Glibc
import Testing

@Suite(
    "A private broker",
    .serialized,
    .enabled(if: PrivateBroker.isInstalled, "needs rabbitmq-server: sudo apt-get install rabbitmq-server")
)
struct PrivateBrokerTests {
    @Test("is shared by everyone who asks, also at the same time")
    func shared() async throws {
        async let first = PrivateBroker.shared()
        async let second = PrivateBroker.shared()
        let brokers = try await (first, second)
        #expect(brokers.0 === brokers.1)
        #expect(brokers.0.amqpURL == "amqp://guest:guest@127.0.0.1:\(brokers.0.port)")
        #expect(try await brokers.0.control("ping").contains("succeeded"))
    }

    @Test("survives kill and restart with data, ports and name kept, and leaves nothing behind")
    func killAndRestart() async throws {
        let broker = try await PrivateBroker.start()
        let first = try #require(await broker.vmProcessID)
        try await broker.control(
            "eval",
            """
            rabbit_amqqueue:declare(rabbit_misc:r(<<"/">>, queue, <<"kept">>), true, false, [], none, <<"test">>),
                ok = mnesia:sync_log(), ok.
            """
        )
        try await broker.kill()
        #expect(await broker.vmProcessID == nil)
        #expect(!isAlive(first))
        await #expect(throws: PrivateBrokerError.self) { try await broker.pause() }

        try await broker.restart()
        let second = try #require(await broker.vmProcessID)
        #expect(second != first)
        let queue = try #require(try await broker.management.queue("kept"))
        #expect(queue.type == "classic")
        #expect(queue.isDurable)
        #expect(queue.messages == 0)

        await broker.stop()
        #expect(!isAlive(second))
        #expect(!FileManager.default.fileExists(atPath: broker.directory))
        await broker.stop()
    }

    @Test("takes settings, answers nothing while it is frozen, tells its clients when it is halted, and starts again")
    func life() async throws {
        let broker = try await PrivateBroker.start(.init(plugins: [], settings: ["consumer_timeout = 4711000"]))
        let environment = try await broker.control("environment")
        #expect(environment.contains("4711000"))
        let error = await #expect(throws: ChildProcessError.self) { try await broker.control("no_such_command") }
        #expect("\(String(describing: error))".contains("no_such_command"))

        try await broker.pause()
        let silent = try LoopbackSocket(port: broker.port)
        try silent.send(Array("AMQP".utf8) + [0, 0, 9, 1])
        #expect(try silent.receive(within: .milliseconds(300)) == nil)
        try await broker.resume()
        #expect(try silent.receive(within: .seconds(10))?.first == 1, "connection.start is a method frame")

        let client = try RawClient(port: broker.port, name: "told")
        try await broker.halt()
        #expect(try client.nextMethod().prefix(6) == [0, 10, 0, 50, 1, 64], "connection.close with code 320")
        #expect(await broker.vmProcessID == nil)
        try await broker.restart()
        #expect(try await broker.control("ping").contains("succeeded"))
        await broker.stop()
    }

    @Test("ends when the input of its launcher closes")
    func launcherInputCloses() async throws {
        let launcher = try ChildProcess("/bin/bash", [launcherPath, "run", "--plugins", ""])
        var facts: [String: String] = [:]
        _ = try await launcher.line(timeout: .seconds(120)) { line in
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { facts[parts[0]] = parts[1] }
            return line.hasPrefix("ready=")
        }
        let broker = try #require(facts["vm_pid"].flatMap { Int32($0) })
        let mapper = try #require(facts["epmd_pid"].flatMap { Int32($0) })
        #expect(isAlive(broker))
        launcher.closeInput()
        #expect(try await launcher.waitForExit(timeout: .seconds(20)) == .code(0))
        #expect(!isAlive(broker))
        #expect(!isAlive(mapper))
        #expect(!FileManager.default.fileExists(atPath: try #require(facts["directory"])))
    }

    @Test("ends even when its launcher is killed")
    func launcherIsKilled() async throws {
        let directory = try TemporaryDirectory()
        let launcher = try ChildProcess(
            "/bin/bash",
            [launcherPath, "run", "--directory", directory.path("broker"), "--plugins", ""]
        )
        var broker: Int32?
        _ = try await launcher.line(timeout: .seconds(120)) { line in
            if line.hasPrefix("vm_pid=") { broker = Int32(line.dropFirst(7)) }
            return line.hasPrefix("ready=")
        }
        let process = try #require(broker)
        launcher.signal(SIGKILL)
        try await eventually("the broker is gone") { !isAlive(process) }
    }

    private var launcherPath: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("deploy/private-broker.sh").path
    }

    private func isAlive(_ process: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return !status.contains(") Z ")
    }
}
