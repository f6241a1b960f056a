import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Limits of the broker and of a connection are named")
    struct BrokerLimitTests {
        /// A virtual host of its own, in which guest may do everything.
        private func virtualHost(_ broker: PrivateBroker, _ limits: String) async throws -> String {
            let host = "limits/\(UUID().uuidString.prefix(8))"
            try await broker.control("add_vhost", host)
            try await broker.control("set_permissions", "-p", host, "guest", ".*", ".*", ".*")
            try await broker.control("set_vhost_limits", "-p", host, limits)
            return "amqp://guest:guest@127.0.0.1:\(broker.port)/\(host.replacing("/", with: "%2F"))"
        }

        private func failure(_ url: String) async throws -> ExchangeError? {
            let exchange = try RabbitMQExchange(url: url)
            return await outcome { await (try exchange.makeUserClient()).close() }.error
        }

        @Test(
            "A limit of connections or queues is limitReached, with the broker's words",
            arguments: [
                "{\"max-connections\": 1}", "{\"max-queues\": 0}",
            ]
        )
        func ofVirtualHost(limits: String) async throws {
            let error = try await failure(try await virtualHost(try await .shared(), limits))
            #expect(error?.code == .limitReached, "\(String(describing: error))")
            #expect(error?.isRetryable == true)
            #expect("\(String(describing: error))".contains("limit"))
        }

        @Test("A limit of channels is limitReached, and names channels")
        func ofChannels() async throws {
            let broker = try await PrivateBroker.start(.init(plugins: [], settings: ["channel_max = 1"]))
            let error = try await failure(broker.amqpURL)
            #expect(error?.code == .limitReached, "\(String(describing: error))")
            #expect("\(String(describing: error))".contains("channel"))
            await broker.stop()
        }

        @Test("A missing virtual host is unavailable, one that the user may not use is forbidden")
        func virtualHosts() async throws {
            let broker = try await PrivateBroker.shared()
            let missing = try await failure("amqp://guest:guest@127.0.0.1:\(broker.port)/missing%2Fhost")
            #expect(missing?.code == .unavailable, "\(String(describing: missing))")
            try await broker.control("add_vhost", "closed")
            let closed = try await failure("amqp://guest:guest@127.0.0.1:\(broker.port)/closed")
            try await broker.control("delete_vhost", "closed")
            #expect(closed?.code == .forbidden, "\(String(describing: closed))")
        }

        @Test("Nothing that listens is said to be a connection that is refused")
        func refused() async throws {
            let error = try await failure("amqp://guest:guest@127.0.0.1:1")
            #expect(error?.code == .connectionLost)
            #expect(
                "\(String(describing: error))".contains("127.0.0.1:1: connection refused"),
                "\(String(describing: error))"
            )
        }

        @Test(
            "Texts for people are cut to what a small frame takes: errors and display names",
            arguments: BrokerTests.kinds
        )
        func smallFrames(_ kind: MailboxKind) async throws {
            var scene = try await Scene(kind)
            scene.urls["small"] = scene.broker.amqpURL + "?frame_max=4096"
            let user = try await scene.exchange("small").makeUserClient(name: String(repeating: "ü", count: 300))
            let registration = try await user.registerAgent(
                AgentType("Clerk"),
                name: String(repeating: "n", count: 300)
            )
            let agent = try await scene.exchange("small").makeAgentClient(registration) { request, _ in
                guard case .action(let name, _) = request.body else { return request.response() }
                throw Failure(.remote, String(repeating: "é", count: name == "long" ? 2000 : 10), type: "Long.Text")
            }
            let handle = user.handle(to: registration.agentID)
            for (action, characters) in [("long", 300...1900), ("short", 10...10)] {
                let error = await outcome { try await handle.action(action) }.error
                #expect(error?.code == .remote, "\(String(describing: error))")
                #expect(error?.failure?.type == "Long.Text")
                let text = error?.failure?.message ?? ""
                #expect(characters.contains(text.count) && text.allSatisfy { $0 == "é" }, "\(text.count) characters")
            }
            await agent.close()
            await user.close()
        }
    }
}
