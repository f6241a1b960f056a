import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Connections and tasks on one thread")
    struct SharedThreadTests {
        /// A namespace whose sessions share the thread.
        private static func scene(_ kind: MailboxKind, on broker: PrivateBroker? = nil) async throws -> Scene {
            try await Scene(kind, on: broker) {
                $0.sharesThread = true
                $0.heartbeat = .seconds(1)
            }
        }

        /// An agent whose actions run on the thread. `block` keeps it for so many milliseconds.
        private static func serve(_ scene: Scene, _ registration: AgentRegistration) async throws -> AgentExchangeClient
        {
            var configuration = ClientConfiguration(logger: scene.log.logger)
            configuration.taskExecutor = RabbitMQExchange.taskExecutor
            return try await scene.exchange("two").makeAgentClient(registration, configuration: configuration) {
                request,
                client in
                if case .action("block", let arguments) = request.body {
                    usleep(try arguments.decode(UInt32.self) * 1000)
                    return request.response()
                }
                return try await Deeds.serve(request, client)
            }
        }

        private static func double(_ number: Int, _ agent: RemoteHandle) async throws {
            #expect(try await agent.action("double", try ActionArguments(number), returning: Int.self) == 2 * number)
        }

        @Test("Calls go through it, many at a time", arguments: kinds)
        func calls(kind: MailboxKind) async throws {
            let scene = try await Self.scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Doubler"))
            let agent = try await Self.serve(scene, registration)
            let handle = user.handle(to: registration.agentID)
            try await withTaskExecutorPreference(RabbitMQExchange.taskExecutor) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<500 {
                        group.addTask { try await Self.double(number, handle) }
                    }
                    try await group.waitForAll()
                }
            }
            await agent.close()
            await user.close()
        }

        @Test("An action that keeps it for four heartbeats ends no connection, and others are answered meanwhile")
        func blocks() async throws {
            let scene = try await Self.scene(.single)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Blocker"))
            let agent = try await Self.serve(scene, registration)
            let handle = user.handle(to: registration.agentID)
            let exchanges = [try scene.exchange("one"), try scene.exchange("two")]
            async let blocked = handle.action("block", try ActionArguments(4000))
            let start = ContinuousClock.now
            while start.duration(to: .now) < .milliseconds(3500) {
                let before = ContinuousClock.now
                try await Self.double(21, handle)
                #expect(before.duration(to: .now) < .seconds(2))
            }
            _ = try await blocked
            for exchange in exchanges { #expect(exchange.connectionState == .connected) }
            #expect(!scene.log.entries.contains { $0.message.contains("lost") })
            await agent.close()
            await user.close()
        }

        @Test("A connection that is lost is restored, and joins the thread again")
        func recovers() async throws {
            let broker = try await PrivateBroker.shared()
            let scene = try await Self.scene(.replicated)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Doubler"))
            let agent = try await Self.serve(scene, registration)
            let handle = user.handle(to: registration.agentID)
            for round in 1...3 {
                let open = try await eventually("the connections") {
                    let found = try await scene.management.connections().filter {
                        $0.clientProperties["connection_name"]?.string?.hasPrefix(scene.namespace) == true
                    }.map(\.id)
                    return found.count == 4 && found.allSatisfy { $0.hasPrefix("<") } ? found : nil
                }
                for id in open { try await broker.control("close_connection", id, "test") }
                try await Self.double(round, handle)
            }
            await agent.close()
            await user.close()
        }
    }
}
