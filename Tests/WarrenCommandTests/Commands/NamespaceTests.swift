import AMQP
import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    @Suite("Namespaces")
    struct Namespaces {
        private struct Removal: Decodable {
            let namespace: String
            let removed: Int
            let exchanges: [String]
        }

        private func objects(_ scene: ToolScene, _ namespace: String) async throws -> [String] {
            let queues = try await scene.broker.management.queues().map(\.name)
            let exchanges = try await scene.broker.management.exchanges().map(\.name)
            return (queues + exchanges).filter { $0.hasPrefix("warren.\(namespace).") }
        }

        @Test("All of one namespace is removed, after asking and when nobody receives there; others stay")
        func remove() async throws {
            let scene = try await ToolScene()
            let (name, tool) = (scene.namespace, scene.tool)
            var other = tool
            other.environment["WARREN_NAMESPACE"] = "\(name)-2"
            for tool in [tool, other] {
                let agent = try tool.start("agent", "echo", "--keep", "--name", "e")
                _ = try #require(try await agent.nextLine(timeout: .seconds(30)), "\(agent.standardError)")
                guard tool.environment["WARREN_NAMESPACE"] == name else { continue }
                let refused = try await tool.run("namespace", "remove", name, "--yes", "--json")
                #expect(refused.exit == .code(1))
                let report = try JSONDecoder().decode(ErrorJSON.self, from: Data(refused.errors.utf8))
                #expect(report.error.code == "in-use", "\(refused.errors)")
                #expect(try await agent.stop() == .code(0))
            }
            let before = try await objects(scene, "\(name)-2")
            #expect(before.count >= 8)
            try await eventually("no receivers", timeout: .seconds(20)) {
                let run = try await tool.run("namespace", "remove", name)
                // It lists what there is, and does not ask where nobody can answer.
                guard run.exit == .code(2) else { return false }
                return run.output.contains("warren.\(name).directory") && run.errors.contains("--yes")
            }
            #expect(try await objects(scene, name).count >= 8)
            let removal = try await tool.run("namespace", "remove", name, "--yes", "--json").json(Removal.self)
            #expect(removal.namespace == name && removal.removed >= 8 && removal.exchanges.count >= 4)
            #expect(try await objects(scene, name).isEmpty)
            #expect(try await objects(scene, "\(name)-2") == before)
            let again = try await tool.run("namespace", "remove", name, "--yes")
            #expect(again.exit == .code(1) && again.errors.contains("there is nothing of a namespace \(name)"))
        }

        @Test("With the plugin also queues that the directory does not know are removed")
        func unknownQueues() async throws {
            let scene = try await ToolScene()
            let queue = "warren.\(scene.namespace).session.\(UUID().uuidString.lowercased())"
            try await scene.withChannel { channel in
                for name in [queue, queue.replacing(".\(scene.namespace).", with: ".\(scene.namespace)-2.")] {
                    let declaration = QueueDeclaration(name: name, arguments: ["x-queue-type": "classic"])
                    _ = try await channel.declareQueue(declaration, deadline: .after(.seconds(10)))
                }
            }
            var tool = scene.tool
            tool.environment["WARREN_MANAGEMENT"] = scene.broker.managementURL.replacing("//", with: "//guest:guest@")
            #expect(try await tool.run("namespace", "remove", scene.namespace, "--yes").lines.last == "1 removed")
            #expect(try await objects(scene, scene.namespace).isEmpty)
            #expect(try await objects(scene, "\(scene.namespace)-2").count == 1)
        }

        @Test("Measuring that is interrupted, by either signal and at any time, leaves nothing behind")
        func interruptedBench() async throws {
            let scene = try await ToolScene()
            let prefix = "warren.bench-"
            func there() async throws -> [String] {
                let queues = try await scene.broker.management.queues().map(\.name)
                let exchanges = try await scene.broker.management.exchanges().map(\.name)
                return (queues + exchanges).filter { $0.hasPrefix(prefix) }
            }
            for (signal, moment) in [(SIGINT, ".mailboxes"), (SIGTERM, ".parked"), (SIGINT, ".agent.")] {
                let bench = try scene.tool.start("bench", "--seconds", "20")
                try await eventually("it has made \(moment)", timeout: .seconds(30)) {
                    try await there().contains { $0.contains(moment) }
                }
                bench.signal(signal)
                #expect(try await bench.waitForExit(timeout: .seconds(60)) == .code(128 + signal))
                #expect(bench.standardError.isEmpty)
                try await eventually("nothing is left", value: there) { $0.isEmpty }
            }
        }

        @Test("A namespace that can't be removed is named, with the reason, and the status is not 0")
        func notRemoved() async throws {
            let scene = try await ToolScene()
            // It may not delete what the whole of the namespace shares: bench makes it, and can't remove it.
            let tool = try await ToolScene.tool(for: "x", on: scene.broker, permissions: [[".*", ".*", ".*"]])
            let bench = try tool.start("bench", "--seconds", "1")
            let prefix = "warren.bench-"
            let exchange = try await eventually("it has begun", timeout: .seconds(30)) { () async throws -> String? in
                try await scene.broker.management.exchanges().map(\.name).first {
                    $0.hasPrefix(prefix) && $0.hasSuffix(".agents")
                }
            }
            let namespace = String(exchange.split(separator: ".")[1])
            let user = try #require(
                tool.environment["WARREN_BROKER"]?.split(separator: "/")[1].split(separator: ":").first
            )
            let pattern = "^warren\\.\(namespace)\\.(?!directory|agents$).*"
            try await scene.broker.control("set_permissions", String(user), pattern, ".*", ".*")
            let exit = try await bench.waitForExit(timeout: .seconds(90))
            #expect(exit == .code(3), "\(bench.standardError)")
            #expect(bench.standardError.contains("the namespace \(namespace) is left on the broker"))
            #expect(bench.standardError.contains("warren namespace remove \(namespace)"))
            let admin = scene.tool
            #expect(try await admin.run("namespace", "remove", namespace, "--yes").exit == .code(0))
        }

        private struct Work: Decodable {
            let name: String?
            let queued: Int
            let inWork: Int?
        }

        @Test("Mailboxes show what is in work, where the plugin tells")
        func inWork() async throws {
            let scene = try await ToolScene()
            let (sleeper, id) = try await scene.agent("sleeper", "--name", "s", "--grace", "0s")
            let calls = try (0..<3).map { _ in try scene.tool.start("call", id, "sleep", "600") }
            #expect(try await scene.tool.run("mailboxes", "--json").json([Work].self).allSatisfy { $0.inWork == nil })
            var tool = scene.tool
            tool.environment["WARREN_MANAGEMENT"] = scene.broker.managementURL.replacing("//", with: "//guest:guest@")
            try await eventually("the plugin tells", timeout: .seconds(30)) {
                let mailboxes = try await tool.run("mailboxes", "--json").json([Work].self)
                return mailboxes.first { $0.name == "s" }.map { $0.inWork == 3 && $0.queued == 0 } ?? false
            }
            #expect(try await tool.run("mailboxes").lines.first?.contains("QUEUED  IN WORK  DIRECT  CONSUMERS") == true)
            try await sleeper.stop()
            for call in calls { try await call.waitForExit() }
        }

        @Test("An error of a call is JSON with --json: of the action, of the agent's name, of the arguments")
        func callErrors() async throws {
            let scene = try await ToolScene()
            let (echo, id) = try await scene.agent("echo")
            let wrong = [
                ("remote", ["call", id, "fail", #""no luck""#]), ("unknown-action", ["call", id, "nothing"]),
                ("not-found", ["call", "nobody", "echo"]), ("usage", ["call", id, "echo", "hello"]),
                ("usage", ["call", id]), ("invalid-message", ["call", id, "fail", #""x""#, "--stream"]),
            ]
            for (code, arguments) in wrong {
                let run = try await scene.tool.run(arguments + ["--json"])
                #expect(run.output.isEmpty)
                let report = try JSONDecoder().decode(ErrorJSON.self, from: Data(run.errors.utf8))
                #expect(report.error.code == code, "\(arguments): \(run.errors)")
            }
            try await echo.stop()
        }
    }
}
