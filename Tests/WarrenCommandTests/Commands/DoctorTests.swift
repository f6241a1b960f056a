import AMQP
import ExchangeTestKit
import Foundation
import Testing

extension ToolTests {
    /// Each fault is made on a real broker; the doctor names it and how to mend it.
    @Suite("The doctor")
    struct Doctor {
        private struct Finding: Decodable {
            let subject: String
            let level: String
            let text: String
            let recoverySuggestion: String?
        }

        private static let password = "s3cr3t"

        /// The one `fail` that the doctor finds.
        private func failure(_ url: String, status: Int32, _ arguments: String...) async throws -> Finding {
            var tool = Tool(secret: Self.password)
            tool.environment["WARREN_BROKER"] = url
            tool.environment["WARREN_NAMESPACE"] = "doctor"
            let run = try await tool.run(["doctor", "--json"] + arguments)
            #expect(run.exit == .code(status), "\(run.output)\(run.errors)")
            let failures = try run.json([Finding].self).filter { $0.level == "fail" }
            #expect(failures.count == 1, "\(run.output)")
            return try #require(failures.first)
        }

        @Test(
            "With TLS a wrong authority, a wrong name and a wrong port are told apart",
            .enabled(if: BrokerCertificates.canBeMade, "needs openssl")
        )
        func encryption() async throws {
            let certificates = try await BrokerCertificates()
            let other = try await BrokerCertificates()
            let finder = try FaultProxy(targetPort: 1)
            let port = finder.listenPort
            await finder.stop()
            let broker = try await PrivateBroker.start(.init(plugins: [], settings: certificates.settings(port: port)))
            try await broker.control("add_user", "ann", Self.password)
            try await broker.control("set_permissions", "ann", ".*", ".*", ".*")
            let login = "ann:\(Self.password)"
            let trusted = "cacertfile=\(certificates.authority)"

            var tool = Tool(secret: Self.password)
            tool.environment["WARREN_BROKER"] = "amqps://\(login)@localhost:\(port)?\(trusted)"
            try await eventually("the TLS port answers", timeout: .seconds(30)) {
                try await tool.run("doctor").exit == .code(0)
            }
            let fine = try await tool.run("doctor", "--json").json([Finding].self)
            #expect(fine.first { $0.subject == "tls" }?.text == "encrypted, certificate and host name are checked")

            tool.environment["WARREN_BROKER"]? += "&verify=verify_none"
            let unverified = try await tool.run("doctor", "--json").json([Finding].self)
            #expect(unverified.first { $0.subject == "tls" }?.level == "warn")

            let url = "amqps://\(login)@localhost:\(port)"
            let wrongAuthority = try await failure("\(url)?cacertfile=\(other.authority)", status: 3)
            #expect(
                wrongAuthority.subject == "tls" && wrongAuthority.recoverySuggestion?.contains("cacertfile") == true
            )
            let noAuthority = try await failure(url, status: 3)
            #expect(noAuthority.subject == "tls" && noAuthority.recoverySuggestion?.contains("cacertfile") == true)
            let noFile = try await failure("\(url)?cacertfile=/nowhere.pem", status: 3)
            #expect(noFile.subject == "tls" && noFile.text.contains("/nowhere.pem"))
            let wrongName = try await failure("amqps://\(login)@127.0.0.1:\(port)?\(trusted)", status: 3)
            #expect(wrongName.subject == "tls" && wrongName.recoverySuggestion?.contains("subjectAltName") == true)
            let plainToTLS = try await failure("amqp://\(login)@localhost:\(port)", status: 3)
            #expect(plainToTLS.subject == "address" && plainToTLS.recoverySuggestion?.contains("amqps://") == true)
            let tlsToPlain = try await failure("amqps://\(login)@localhost:\(broker.port)?\(trusted)", status: 3)
            #expect(tlsToPlain.subject == "tls" && tlsToPlain.recoverySuggestion?.contains("amqp://") == true)
            await broker.stop()
        }

        @Test("A wrong password, a missing virtual host and a port without a broker are told apart")
        func login() async throws {
            let port = try await PrivateBroker.shared().port
            let password = try await failure("amqp://guest:\(Self.password)@127.0.0.1:\(port)", status: 3)
            #expect(password.subject == "login" && password.recoverySuggestion?.contains("password") == true)
            let host = try await failure("amqp://guest:guest@127.0.0.1:\(port)/nowhere", status: 3)
            #expect(
                host.subject == "login" && host.recoverySuggestion?.contains("rabbitmqctl add_vhost nowhere") == true
            )
            let nobody = try await failure("amqp://guest:guest@127.0.0.1:1", status: 3)
            #expect(nobody.subject == "address" && nobody.recoverySuggestion?.contains("start the broker") == true)
        }

        @Test("Missing permissions are named, with the command that prints the right ones")
        func permissions() async throws {
            let scene = try await ToolScene()
            let (agent, _) = try await scene.agent("echo")
            try await agent.stop()
            // May look at everything, and make nothing.
            let tool = try await ToolScene.tool(
                for: scene.namespace,
                on: scene.broker,
                permissions: [["^$", ".*", ".*"]]
            )
            let run = try await tool.run("doctor", "--json")
            #expect(run.exit == .code(3), "\(run.errors)")
            let failures = try run.json([Finding].self).filter { $0.level == "fail" }
            #expect(failures.map(\.subject) == ["permissions"], "\(run.output)")
            #expect(failures.first?.recoverySuggestion?.contains("warren topology --format permissions") == true)
            // May not send either.
            let silent = try await ToolScene.tool(
                for: scene.namespace,
                on: scene.broker,
                permissions: [[".*", "^$", ".*"]]
            )
            let subjects = try await silent.run("doctor", "--json").json([Finding].self).filter { $0.level == "fail" }
            #expect(subjects.map(\.subject).contains("alarms"))
        }

        @Test("An object of a wrong kind is named, with what to do")
        func topology() async throws {
            let scene = try await ToolScene()
            let name = "warren.\(scene.namespace).parked"
            var tool = scene.tool
            tool.environment["WARREN_BROKER"] = scene.broker.amqpURL
            let (agent, _) = try await scene.agent("echo")
            try await agent.stop()
            try await scene.broker.control("delete_queue", name)
            let missing = try await tool.run("doctor", "--json").json([Finding].self).first { $0.subject == "topology" }
            #expect(missing?.level == "warn" && missing?.text == "missing: queue \(name)")
            let other = QueueDeclaration(name: name, arguments: ["x-max-length": 1])
            try await scene.withChannel { _ = try await $0.declareQueue(other, deadline: .after(.seconds(10))) }
            let wrong = try await tool.run("doctor", "--json").json([Finding].self).first { $0.subject == "topology" }
            #expect(wrong?.level == "fail" && wrong?.recoverySuggestion?.contains("delete queue \(name)") == true)
        }
    }
}
