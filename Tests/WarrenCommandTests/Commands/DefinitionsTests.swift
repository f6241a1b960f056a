import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension ToolTests {
    @Suite("Definitions")
    struct DefinitionsTests {
        private struct Finding: Decodable {
            let subject: String
            let level: String
            let text: String
        }

        private static let roles = ["agent-service", "user", "operator"]

        /// The broker that all tests share; in the long form a broker that was never used.
        private func withBroker(_ body: (PrivateBroker) async throws -> Void) async throws {
            guard LongForm.isWanted else { return try await body(try await PrivateBroker.shared()) }
            let broker = try await PrivateBroker.start(.init(plugins: ["rabbitmq_management"]))
            do {
                try await body(broker)
            } catch {
                await broker.stop()
                throw error
            }
            await broker.stop()
        }

        @Test("A broker that imports the definitions has users of all roles, and the doctor of each finds nothing")
        func imported() async throws {
            try await withBroker { broker in
                let place = "place-\(UUID().uuidString.prefix(8).lowercased())"
                var tool = Tool(secret: ToolScene.password)
                tool.environment["WARREN_NAMESPACE"] = "shop"
                tool.environment["WARREN_BROKER"] = "amqp://guest@127.0.0.1:\(broker.port)/\(place)"
                let grants = Self.roles.flatMap { ["--grant", "\(place)-\($0)=\($0)"] }
                let printed = try await tool.run(["topology", "--format", "definitions"] + grants)
                #expect(printed.exit == .code(0), "\(printed.errors)")
                let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(place).json")
                defer { try? FileManager.default.removeItem(at: file) }
                try printed.output.write(to: file, atomically: true, encoding: .utf8)
                try await broker.control("import_definitions", file.path)

                func login(as role: String) -> Tool {
                    var own = tool
                    let password = ToolScene.password.replacing(" ", with: "%20")
                    let user = "\(place)-\(role):\(password)"
                    own.environment["WARREN_BROKER"] = "amqp://\(user)@127.0.0.1:\(broker.port)/\(place)"
                    return own
                }
                let directory = try TemporaryDirectory(prefix: "definitions")
                let passwordFile = try directory.write("\(ToolScene.password)\n", to: "password")
                defer { directory.remove() }
                // Nobody logs in before the operator has given a password.
                #expect(try await login(as: "operator").run("doctor").exit == .code(3))
                for role in Self.roles {
                    try await broker.control("change_password", "\(place)-\(role)", ToolScene.password)
                }
                for role in Self.roles {
                    var own = login(as: role)
                    if role == "operator" {
                        // As a unit of systemd has it: the password is in a file, for the management plugin too.
                        own.environment["WARREN_BROKER"] = "amqp://\(place)-\(role)@127.0.0.1:\(broker.port)/\(place)"
                        own.environment["WARREN_PASSWORD_FILE"] = passwordFile
                        own.environment["WARREN_MANAGEMENT"] = broker.managementURL
                    }
                    let findings: [Finding] = try await own.run("doctor", "--json").json()
                    #expect(findings.allSatisfy { $0.level == "ok" }, "\(role): \(findings)")
                    if own.environment.removeValue(forKey: "WARREN_PASSWORD_FILE") != nil {
                        own.environment["WARREN_BROKER"]?.append("?password_file=\(passwordFile)")
                        let same: [Finding] = try await own.run("doctor", "--json").json()
                        #expect(same.map(\.subject) == findings.map(\.subject))
                        #expect(same.allSatisfy { $0.level == "ok" }, "\(role): \(same)")
                    }
                    #expect(findings.contains { $0.subject == "deadLetters" }, "\(role): \(findings)")
                    #expect(try await own.run("doctor", "--probe").exit == .code(0))
                }
                try await delay(login(as: "agent-service"))
                let later: [Finding] = try await login(as: "operator").run("doctor", "--json").json()
                #expect(later.allSatisfy { $0.level == "ok" }, "with the objects of delays: \(later)")
                let policies = try await broker.control("list_policies", "-p", place)
                #expect(policies.contains("warren.shop.mailboxes"))

                // The same file takes the passwords again; the objects alone do not.
                let again = ["topology", "--format", "definitions", "--objects-only"]
                let objects = try await login(as: "operator").run(again)
                try objects.output.write(to: file, atomically: true, encoding: .utf8)
                try await broker.control("import_definitions", file.path)
                #expect(try await login(as: "operator").run("doctor", "--probe").exit == .code(0))
            }
        }

        /// Delays a request, as an agent service does. The definitions have none of the objects: the first
        /// owner makes them, with the permissions of its role.
        private func delay(_ service: Tool) async throws {
            let url = try #require(service.environment["WARREN_BROKER"])
            let exchange = try RabbitMQExchange(url: url, namespace: "shop")
            let user = try await exchange.makeUserClient()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await exchange.makeAgentClient(registration) { request, _ in request.response() }
            let handle = user.handle(to: registration.agentID)
            let request = try await handle.schedule("note", after: .milliseconds(300))
            _ = try await request.result()
            await agent.close()
            try await user.terminate(registration.agentID)
            await user.close()
        }

        @Test("The resources for Kubernetes have the permissions that the tool prints")
        func kubernetes() async throws {
            struct Permission: Decodable {
                let configure: String?
                let write: String
                let read: String
            }
            struct Definitions: Decodable {
                let permissions: [Permission]
                let topic_permissions: [Permission]
            }
            var tool = Tool()
            tool.environment["WARREN_BROKER"] = "amqp://ops@127.0.0.1:1/shop"
            tool.environment["WARREN_NAMESPACE"] = "shop"
            let grants = ["bank=agent-service", "till=user", "ops=operator"].flatMap { ["--grant", $0] }
            let printed: Definitions = try await tool.run(["topology", "--format", "definitions"] + grants).json()
            let project = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
            let file = project.appending(path: "deploy/kubernetes/access.yaml").standardizedFileURL
            let resources = try String(contentsOf: file, encoding: .utf8)
            // A backslash of an expression is two in the file.
            for one in printed.permissions + printed.topic_permissions {
                for expression in [one.configure, one.write, one.read].compactMap(\.self) {
                    let text = "\"\(expression.replacing("\\", with: "\\\\"))\""
                    #expect(resources.contains(text), "made again by access.py? \(text)")
                }
            }
            #expect(printed.permissions.count == 3 && !printed.topic_permissions.isEmpty)
        }

        @Test("Definitions have placeholders for users, and no password")
        func placeholders() async throws {
            var tool = Tool(secret: "s3cret")
            tool.environment["WARREN_BROKER"] = "amqp://ops:s3cret@127.0.0.1:1/shop"
            tool.environment["WARREN_NAMESPACE"] = "shop"
            struct Definitions: Decodable {
                struct User: Decodable {
                    let name: String
                    let password_hash: String
                }

                let users: [User]?
            }
            let all: Definitions = try await tool.run("topology", "--format", "definitions").json()
            #expect(all.users?.map(\.name) == ["shop-agent-service", "shop-user", "shop-operator"])
            #expect(all.users?.allSatisfy { $0.password_hash.isEmpty } == true)
            let printed = try await tool.run("topology", "--format", "definitions", "--objects-only")
            let objects: Definitions = try printed.json()
            #expect(objects.users == nil)
            let wrong = ["--grant", "x=king"]
            #expect(try await tool.run(["topology", "--format", "definitions"] + wrong).exit == .code(2))
            let twice = ["--grant", "x=user", "--grant", "x=operator"]
            #expect(try await tool.run(["topology", "--format", "definitions"] + twice).exit == .code(2))
        }
    }
}
