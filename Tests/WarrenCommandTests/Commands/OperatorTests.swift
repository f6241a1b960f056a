import AMQP
import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    @Suite("Operators")
    struct Operators {
        private struct Finding: Decodable {
            let subject: String
            let level: String
            let recoverySuggestion: String?
        }

        @Test("The doctor finds a namespace before and after its first session")
        func doctor() async throws {
            let scene = try await ToolScene()
            let before = try await scene.tool.run("doctor")
            #expect(before.exit == .code(0), "\(before.output)")
            #expect(before.output.contains("was not used yet"))
            let (agent, _) = try await scene.agent("echo")
            let after: [Finding] = try await scene.tool.run("doctor", "--json").json()
            #expect(after.allSatisfy { $0.level == "ok" })
            #expect(
                after.map(\.subject) == [
                    "address", "tls", "login", "broker", "permissions", "topology", "alarms",
                    "acknowledgementTimeout", "directory", "mailboxes", "deadLetters",
                ]
            )
            try await agent.stop()
        }

        @Test("A wrong password is status 3, without the password")
        func wrongPassword() async throws {
            let scene = try await ToolScene()
            var tool = Tool(secret: "wr0ng")
            tool.environment["WARREN_BROKER"] = "amqp://guest:wr0ng@127.0.0.1:\(scene.broker.port)"
            let run = try await tool.run("agents")
            #expect(run.exit == .code(3))
            #expect(run.errors.hasPrefix("warren: can't connect to amqp://guest@127.0.0.1:\(scene.broker.port): "))
            let doctor = try await tool.run("doctor")
            #expect(doctor.exit == .code(3) && doctor.output.contains("fail  login"))
        }

        @Test("A memory alarm is found, and ends a call in time")
        func alarm() async throws {
            let broker = try await PrivateBroker.start(.init(plugins: ["rabbitmq_management"]))
            let scene = try await ToolScene(broker)
            try await broker.control("set_vm_memory_high_watermark", "0.000001")
            let run = try await scene.tool.run("doctor")
            #expect(run.exit == .code(3), "\(run.output)")
            #expect(run.output.contains("fail  alarms"), "\(run.output)")
            var tool = scene.tool
            tool.environment["WARREN_MANAGEMENT"] = broker.managementURL.replacing("//", with: "//guest:guest@")
            try await eventually("the plugin names the alarm", timeout: .seconds(30)) {
                try await tool.run("doctor").output.contains("takes no messages: a memory alarm on \(broker.node)")
            }
            await broker.stop()
        }

        @Test("The definitions are imported by the broker, and are then as they should be")
        func definitions() async throws {
            let scene = try await ToolScene()
            let missing = try await scene.tool.run("topology")
            // Nothing is wrong with a namespace that was not used yet: the doctor says so, and so does this.
            #expect(missing.exit == .code(0) && missing.lines.count == 12)
            #expect(missing.errors.contains("was not used yet"))
            #expect(try await scene.tool.run("doctor").exit == .code(0))
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(scene.namespace).json")
            defer { try? FileManager.default.removeItem(at: file) }
            let definitions = try await scene.tool.run("topology", "--format", "definitions")
            try definitions.output.write(to: file, atomically: true, encoding: .utf8)
            try await scene.broker.control("import_definitions", file.path)
            let there = try await scene.tool.run("topology", "--json")
            #expect(there.exit == .code(0) && there.errors.isEmpty, "\(there.output)")
            let (agent, id) = try await scene.agent("echo")
            #expect(try await scene.tool.run("call", id, "echo", "1").output == "1")
            try await agent.stop()
        }

        private struct Role: Decodable {
            struct Topic: Decodable {
                let exchange: String
                let write: String
                let read: String
            }

            let role: String
            let configure: String
            let write: String
            let read: String
            let topics: [Topic]
        }

        @Test("With exactly the printed permissions each role does what it is for, and no more")
        func roles() async throws {
            let scene = try await ToolScene()
            var tools: [String: Tool] = [:]
            for name in ["agent-service", "user", "operator"] {
                let person = ToolScene.newUser()
                let arguments = ["topology", "--format", "permissions", "--user", person, "--json"]
                let printed = try await scene.tool.run(arguments).json([Role].self)
                let role = try #require(printed.first { $0.role == name })
                let topics = role.topics.map { [$0.exchange, $0.write, $0.read] }
                tools[name] = try await ToolScene.tool(
                    for: scene.namespace,
                    on: scene.broker,
                    as: person,
                    permissions: [[role.configure, role.write, role.read]] + topics
                )
            }
            let service = try #require(tools["agent-service"])
            let user = try #require(tools["user"])
            let admin = try #require(tools["operator"])

            // Nobody but the operator makes the shared objects.
            let early = try await user.run("ping", "x")
            #expect(early.exit == .code(3), "\(early.errors)")
            let (first, _) = try await scene.agent("echo")
            try await first.stop()

            let agent = try service.start("agent", "echo", "--name", "e")
            let id = try #require(try await agent.nextLine(timeout: .seconds(30)), "\(agent.standardError)")
            let call = try await user.run("call", "e", "echo", "7")
            #expect(call.output == "7", "\(call.errors)")
            #expect(try await user.run("agents", "--json").json([AgentJSON].self).map(\.id) == [id])
            #expect(try await user.run("terminate", id).exit == .code(3))
            #expect(try await user.run("agent", "echo").exit == .code(3))
            #expect(try await user.run("parked", "list", "--json").output == "[]")
            #expect(try await user.run("agents", "--namespace", "elsewhere").output == "ID  NAME  TYPE")
            #expect(try await user.run("call", id, "echo", "1", "--namespace", "elsewhere").exit == .code(3))
            #expect(try await admin.run("terminate", id).exit == .code(0))
            #expect(try await agent.waitForExit() == .code(0))
        }

        @Test("Parked messages are listed, shown, sent again and dropped")
        func parked() async throws {
            let scene = try await ToolScene()
            let tool = scene.tool
            let (agent, id) = try await scene.agent("echo", "--name", "e")
            for number in 1...3 {
                var properties = MessageProperties()
                properties.messageID = "message-\(number)"
                properties.type = "action-request"
                properties.headers = [
                    "warren-detail": "a test", "warren-reason": "malformed",
                    "warren-destination": .string("agent:\(id)"),
                ]
                try await scene.publish(properties, "body \(number)", to: "dead-letters", key: "parked")
            }
            let list = try await tool.run("parked", "list")
            #expect(list.lines.count == 4)
            #expect(list.lines[1] == "message-1  action-request  agent:\(id)  a test      6")
            let show = try await tool.run("parked", "show", "message-2")
            #expect(show.lines.first == "message      message-2" && show.lines.last == "body 2")
            #expect(try await tool.run("parked", "show", "mess").exit == .code(1))
            #expect(try await tool.run("parked", "drop", "message-9").exit == .code(1))
            #expect(try await tool.run("parked", "drop", "message-2").output == "1 dropped")
            #expect(try await tool.run("dead-letters").lines.last == "parked     2")
            // It names no sender, so the agent parks it once more.
            #expect(try await tool.run("parked", "replay", "message-3").output == "1 sent again")
            try await eventually("the message to be parked again", timeout: .seconds(10)) {
                try await tool.run("dead-letters").lines.last == "parked     2"
            }
            let gone = try await tool.run("parked", "replay", "message-1", "--to", UUID().uuidString)
            #expect(gone.exit == .code(1) && gone.errors.contains("no such mailbox"))
            #expect(try await tool.run("parked", "drop", "--all", "--json").output == #"{"dropped":2}"#)
            try await agent.stop()
        }

        @Test("The stand-alone dead-letter service answers and tells")
        func deadLetters() async throws {
            let scene = try await ToolScene()
            let service = try scene.tool.start("dead-letters", "--serve")
            try await eventually("the service to be ready", timeout: .seconds(20)) {
                service.standardError.contains("answering dead letters")
            }
            var properties = MessageProperties()
            properties.type = "nonsense"
            try await scene.publish(properties, "", to: "dead-letters", key: "unanswered")
            #expect(try await service.nextLine() == "parked  malformed  -  - -> -")
            #expect(try await service.stop() == .code(0))
        }
    }

    @Suite("Long work")
    struct LongWork {
        /// What belongs to a connection is removed by the broker a moment after it was closed.
        private func expectNothingLeft(_ scene: ToolScene, _ purpose: String) async throws {
            try await eventually("nothing is left", value: { try await self.namespaces(scene, purpose) }) { $0.isEmpty }
        }

        private func namespaces(_ scene: ToolScene, _ purpose: String) async throws -> [String] {
            let queues = try await scene.broker.management.queues().map(\.name)
            let exchanges = try await scene.broker.management.exchanges().map(\.name)
            return (queues + exchanges).filter { $0.hasPrefix("warren.\(purpose)-") && !$0.contains(".session.") }
        }

        @Test("Conformance runs in a namespace of its own and removes it, also after a signal")
        func conformance() async throws {
            let scene = try await ToolScene()
            let run = try await scene.tool.run(
                "conformance",
                "--quick",
                "--subject",
                "registration",
                timeout: .seconds(120)
            )
            #expect(run.exit == .code(0), "\(run.output)\(run.errors)")
            let count = run.lines.count - 1
            #expect(run.lines.last == "\(count) of \(count) cases passed")
            try await expectNothingLeft(scene, "conformance")
            #if Hybrid
                let direct = try await scene.tool.run(
                    ["conformance", "--quick", "--subject", "ways", "--exchange", "hybrid"],
                    timeout: .seconds(120)
                )
                #expect(direct.exit == .code(0) && direct.lines.last == "3 of 3 cases passed", "\(direct.output)")
                try await expectNothingLeft(scene, "conformance")
            #endif
            let limits = try await scene.tool.run("conformance", "--subject", "queue limits", timeout: .seconds(60))
            #expect(limits.exit == .code(0))
            #expect(limits.lines.last == "0 of 0 cases passed, 2 not run")
            #expect(limits.lines.contains { $0.hasSuffix("the exchange has no queue-limit") }, "\(limits.output)")
            let interrupted = try scene.tool.start("conformance", "--quick")
            _ = try await interrupted.nextLine(timeout: .seconds(30))
            interrupted.signal(SIGTERM)
            #expect(try await interrupted.waitForExit(timeout: .seconds(120)) == .code(128 + SIGTERM))
            try await expectNothingLeft(scene, "conformance")
        }

        @Test(
            "All cases of conformance pass against a broker",
            .enabled(if: LongForm.isWanted, "takes minutes: make test-long"),
            arguments: ["replicated"]
        )
        func wholeConformance(mailboxes: String) async throws {
            let scene = try await ToolScene()
            let run = try await scene.tool.run("conformance", "--mailboxes", mailboxes, timeout: .seconds(900))
            #expect(run.exit == .code(0), "\(run.lines.filter { !$0.hasPrefix("passed") })\(run.errors)")
            #expect(run.lines.count > 100)
            // Those need an exchange whose mailboxes have a limit.
            let notRun = run.lines.filter { $0.hasPrefix("not run") }
            #expect(notRun.allSatisfy { $0.contains("queue limits: ") }, "\(notRun)")
            #expect(
                run.lines.last?.hasSuffix("cases passed, \(notRun.count) not run") == true,
                "\(run.lines.last ?? "")"
            )
            try await expectNothingLeft(scene, "conformance")
        }

        @Test("The measurements are five, and leave nothing behind")
        func bench() async throws {
            let scene = try await ToolScene()
            let run = try await scene.tool.run("bench", "--seconds", "0.2", "--json", timeout: .seconds(120))
            #expect(run.exit == .code(0), "\(run.errors)")
            struct Report: Decodable {
                struct Measurement: Decodable {
                    let what: String
                    let inFlight: Int
                    let count: Int
                }

                let measurements: [Measurement]
            }
            let measurements = try run.json(Report.self).measurements
            #expect(measurements.map(\.inFlight) == [1, 16, 128, 1, 128])
            #expect(measurements.allSatisfy { $0.count > 0 })
            try await expectNothingLeft(scene, "bench")
        }
    }
}
