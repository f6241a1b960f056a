import ExchangeTestKit
import Foundation
import Testing

@testable import warren

extension ToolTests {
    @Suite("Notices to systemd, and probes")
    struct ServiceNoticeTests {
        @Test("An agent of Type=notify tells that it is ready, alive and stopping", arguments: [false, true])
        func notices(isAbstract: Bool) async throws {
            let socket = try NoticeSocket(isAbstract: isAbstract)
            var tool = try await ToolScene().tool
            tool.environment["NOTIFY_SOCKET"] = socket.name
            tool.environment["WATCHDOG_USEC"] = "200000"
            let agent = try tool.start("agent", "echo")
            _ = try await agent.nextLine(timeout: .seconds(30))
            var seen: [String] = []
            try await eventually("ready, and signs of life afterwards", timeout: .seconds(30)) {
                seen += socket.received()
                let after = seen.drop { $0 != "READY=1" }
                return after.count { $0 == "WATCHDOG=1" } >= 2
            }
            #expect(!seen.contains("STOPPING=1"))
            agent.signal(SIGTERM)
            #expect(try await agent.waitForExit() == .code(0), "\(agent.standardError)")
            seen += socket.received()
            #expect(seen.count { $0 == "STOPPING=1" } == 1 && seen.count { $0 == "READY=1" } == 1)
        }

        @Test("A probe ends by its deadline, and says why")
        func probe() async throws {
            let scene = try await ToolScene()
            // Nothing is made: the namespace was not used yet.
            let unused = try await scene.tool.run("doctor", "--probe")
            #expect(unused.exit == .code(1) && unused.errors.contains("is missing"), "\(unused.errors)")
            let (agent, _) = try await scene.agent("echo")
            let run = try await scene.tool.run("doctor", "--probe")
            #expect(run.exit == .code(0) && run.output.isEmpty && run.errors.isEmpty, "\(run.errors)")
            try await agent.stop()
            // It accepts connections, and never says a word.
            let silent = try FaultProxy(targetPort: scene.broker.port)
            try await silent.set(.drop(.both))
            var tool = scene.tool
            tool.environment["WARREN_BROKER"] = "amqp://guest:guest@127.0.0.1:\(silent.listenPort)"
            let late = try await tool.run("doctor", "--probe", "--deadline", "300ms", timeout: .seconds(20))
            #expect(late.exit == .code(3) && late.errors.contains("within 300ms"), "\(late.errors)")
            await silent.stop()
        }
    }
}

@Suite("The environment of a notifier")
struct ServiceNotifierTests {
    @Test("Other environments make none", arguments: ["", "/", "relative", String(repeating: "/a", count: 80)])
    func refused(socket: String) {
        #expect(ServiceNotifier(environment: ["NOTIFY_SOCKET": socket], processID: 1) == nil)
        #expect(ServiceNotifier(environment: [:], processID: 1) == nil)
    }

    @Test(
        "A watchdog is for the named process, with a time above zero",
        arguments: [
            ("5000000", "7", Duration.seconds(5)), ("5000000", "8", nil), ("0", "7", nil),
            ("99999999999999999999", "7", nil), ("-5", "7", nil),
            ("many", "7", nil),
        ]
    )
    func watchdog(time: String, process: String, expected: Duration?) throws {
        let environment = ["NOTIFY_SOCKET": "/run/systemd/notify", "WATCHDOG_USEC": time, "WATCHDOG_PID": process]
        #expect(try #require(ServiceNotifier(environment: environment, processID: 7)).watchdog == expected)
    }
}
