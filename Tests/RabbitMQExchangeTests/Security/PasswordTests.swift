import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Passwords")
    struct PasswordTests {
        @Test("Another process finds it in a file; it is neither in its arguments, nor in its output, nor in a log")
        func file() async throws {
            let scene = try await Scene()
            let user = try await RoleUser(.operator, in: scene)
            let directory = try TemporaryDirectory()
            let file = try directory.write(RoleUser.password + "\n", to: "password")
            let exchange = try user.exchange()
            let encoded = String(decoding: try JSONEncoder().encode(exchange), as: UTF8.self)
            #expect(!encoded.contains(RoleUser.password))
            let client = try await exchange.makeUserClient()
            let registration = try await client.registerAgent(AgentType("Clerk"))
            let peer = try await PeerProcess(exchange, environment: ["WARREN_PASSWORD_FILE": file])
            #expect(try await peer.serve(registration) == "ready")
            #expect(try await client.handle(to: registration.agentID).ping() > .zero)
            let arguments = try String(contentsOfFile: "/proc/\(peer.process.id)/cmdline", encoding: .utf8)
            #expect(arguments.contains("agent-process"))
            try await peer.process.stop()
            for text in [arguments, peer.process.standardError] + scene.log.entries.map({ "\($0)" }) {
                #expect(!text.contains(RoleUser.password))
            }
            try await client.terminate(registration.agentID)
            await client.close()
            try await user.remove()
        }

        @Test("A provider is asked at each connect, so that a changed password is used by the next session")
        func rotation() async throws {
            let scene = try await Scene()
            let user = try await RoleUser(.operator, in: scene)
            let password = Monitor(RoleUser.password)
            let name = user.name
            func exchange(_ session: String) throws -> RabbitMQExchange {
                try user.exchange { $0.connectionName = "\(name) \(session)" }
                    .loggingIn { .password(password.value, user: name) }
            }
            let before = try await exchange("before").makeUserClient()
            let next = "next-" + UUID().uuidString
            try await scene.broker.control("change_password", name, next)
            let refused = await outcome { try await exchange("between").makeUserClient() }
            #expect(refused.error?.code == .unauthorised)
            #expect(refused.error.map { "\($0)".contains(RoleUser.password) } == false)
            password.update { $0 = next }
            let after = try await exchange("after").makeUserClient()
            // The connection of before goes on.
            #expect(try await before.status(of: after.id) == .active)
            await after.close()
            await before.close()
            try await user.remove()
        }
    }
}
