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
            let broker = "amqp://\(user.name)@127.0.0.1:\(scene.broker.port)"
            let environment = ["WARREN_BROKER": broker, "WARREN_PASSWORD_FILE": file]
            let peer = try await PeerProcess(exchange, environment: environment)
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
            #expect(refused.error?.code == .unauthorized)
            #expect(refused.error.map { "\($0)".contains(RoleUser.password) } == false)
            password.update { $0 = next }
            let after = try await exchange("after").makeUserClient()
            // The connection of before goes on.
            #expect(try await before.status(of: after.id) == .active)
            await after.close()
            await before.close()
            try await user.remove()
        }

        @Test("Credentials that end are asked for in time, and connections made anew with them; callers notice nothing")
        func renewal() async throws {
            let scene = try await Scene()
            let user = try await RoleUser(.operator, in: scene)
            let name = user.name
            let password = Monitor(RoleUser.password)
            let asked = Monitor(0)
            let exchange = try user.exchange { $0.connectionName = "\(name) renewed" }.loggingIn {
                let number = asked.update { count in
                    count += 1
                    return count
                }
                if number == 3 { throw CancellationError() }
                return .password(password.value, user: name, validFor: .seconds(3))
            }
            let client = try await exchange.makeUserClient()
            let registration = try await client.registerAgent(AgentType("Clerk"))
            let agent = try await exchange.makeAgentClient(registration) { request, _ in request.response() }
            let connections = { Set(try await scene.management.connections().filter { $0.user == name }.map(\.id)) }
            let before = try await eventually("two connections", value: connections) { $0.count == 2 }
            // From now on the old password would not be let in.
            let next = "next-" + UUID().uuidString
            try await scene.broker.control("change_password", name, next)
            password.update { $0 = next }
            var calls = 0
            try await eventually("both connections to be new ones", timeout: .seconds(30)) {
                for _ in 1...20 {
                    _ = try await client.handle(to: registration.agentID).ping()
                    calls += 1
                }
                let now = try await connections()
                return now.count == 2 && now.isDisjoint(with: before)
            }
            #expect(calls >= 20)
            #expect(asked.value > 4, "once for each login, and before each renewal, the third time in vain")
            let texts = scene.log.entries.map(\.message)
            #expect(texts.contains("a connection is made anew, because its credentials end soon"))
            #expect(
                texts.contains("there are no new credentials; the connection is kept, and they are asked for again")
            )
            #expect(!texts.contains("a connection to the broker was lost; it is made again"))
            await agent.close()
            try await client.terminate(registration.agentID)
            await client.close()
            try await user.remove()
        }
    }
}
