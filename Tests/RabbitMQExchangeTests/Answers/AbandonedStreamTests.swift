import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Streams whose requester was killed")
    struct AbandonedStreamTests {
        /// An agent with endless streams, and how many of them run.
        private static func agent(
            _ scene: Scene,
            _ registration: AgentRegistration,
            _ running: Monitor<Int>
        ) async throws -> AgentExchangeClient {
            var configuration = ClientConfiguration(logger: scene.log.logger)
            configuration.requesterPatience = .seconds(3)
            return try await scene.exchange("agent").makeAgentClient(registration, configuration: configuration) {
                request,
                client in
                guard case .action(let name, _) = request.body, name == "stream" else { return request.response() }
                running.update { $0 += 1 }
                defer { running.update { $0 -= 1 } }
                while true { try await client.send(part: .empty, of: request) }
            }
        }

        @Test("end within the patience, and the agent serves others", arguments: BrokerTests.kinds)
        func killed(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Streamer"))
            let running = Monitor(0)
            let agent = try await Self.agent(scene, registration, running)
            let peer = try await PeerProcess(try scene.exchange("peer"))
            _ = try await peer.ask("user", for: "ready")
            try peer.process.write("pull \(registration.agentID.uuid) stream 130")
            // As many as the prefetch allows.
            try await running.wait(for: "128 streams", timeout: .seconds(60)) { $0 == 128 ? true : nil }
            try await peer.kill()
            let handle = user.handle(to: registration.agentID)
            let call = await outcome { try await handle.action("echo", deadline: .seconds(60)) }
            #expect(call.error == nil, "\(String(describing: call.error))")
            try await running.wait(for: "no streams", timeout: .seconds(30)) { $0 == 0 ? true : nil }
            await agent.close()
            await user.close()
        }

        @Test("go on when their requester is slow")
        func slow() async throws {
            let scene = try await Scene()
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Streamer"))
            let running = Monitor(0)
            let agent = try await Self.agent(scene, registration, running)
            var parts = user.handle(to: registration.agentID).stream("stream").makeAsyncIterator()
            _ = try await parts.next()
            // Longer than the patience: looked for, and found, by its connection or its session.
            try await Task.sleep(for: .seconds(8))
            for _ in 0..<40 { #expect(try await parts.next() != nil) }
            #expect(running.value == 1)
            await user.close()
            await agent.close()
        }
    }
}
