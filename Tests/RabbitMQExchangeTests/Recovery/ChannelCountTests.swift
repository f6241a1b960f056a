import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("Channels that a session has open")
    struct ChannelCountTests {
        @Test("do not grow with consumers that can't be started, that are cancelled, or that the broker ends")
        func consumers() async throws {
            let scene = try await Scene()
            let lease = try await scene.exchange().lease()
            let session = lease.session
            let connection = try await session.link.consumer.perform(deadline: .soon) { $0 }
            // The directory is followed and the channel for declaring is open by then.
            try await session.directory.fence()
            let before = try await channels(of: scene)
            for prefetch in 0..<20 {
                let consumer = StandingConsumer(
                    link: session.link,
                    background: session.background,
                    queue: session.names.parked,
                    // Zero is refused by this client, and the queue of the others is not there.
                    declaration: { [names = session.names] in
                        ConsumerDeclaration(queue: "\(names.parked).none", tag: "none", prefetch: prefetch % 2)
                    },
                    repair: {},
                    handling: .each { _ in }
                )
                await #expect(throws: AMQPError.self) { try await consumer.start(on: connection) }
            }
            for _ in 0..<20 {
                let consumer = StandingConsumer(
                    link: session.link,
                    background: session.background,
                    queue: session.names.parked,
                    declaration: { [names = session.names] in
                        ConsumerDeclaration(queue: names.parked, tag: "parked", prefetch: 1)
                    },
                    repair: {},
                    handling: .each { _ in }
                )
                let start = Task { try await consumer.start(on: connection) }
                start.cancel()
                _ = await start.result
                consumer.leave()
            }
            // The broker ends the consumer of the dead letters, which is started again.
            for _ in 0..<3 {
                _ = try await session.link.declare("can't delete") { (channel) throws(AMQPError) in
                    try await channel.deleteQueue(session.names.unanswered, deadline: .soon)
                }
                try await eventually("the dead letters to be received again", timeout: .seconds(30)) {
                    try await scene.management.queue(session.names.unanswered)?.consumers == 1
                }
            }
            try await eventually("no channel more than before", value: { try await channels(of: scene) }) {
                $0 <= before
            }
            await lease.end()
        }

        @Test("do not grow with terminations")
        func terminations() async throws {
            let scene = try await Scene()
            let user = try await scene.user()
            _ = try await user.discover(typeNamed: "Clerk", allowSubtypes: true)
            func terminate() async throws {
                let registration = try await user.registerAgent(AgentType("Clerk"))
                let agent = try await scene.serve(registration, "one")
                try await user.terminate(registration.agentID)
                await agent.close()
            }
            try await terminate()
            let before = try await channels(of: scene)
            for _ in 0..<10 { try await terminate() }
            try await eventually("no channel more than before", value: { try await channels(of: scene) }) {
                $0 <= before
            }
            await user.close()
        }

        /// Of all connections of the session.
        private func channels(of scene: Scene) async throws -> Int {
            try await scene.management.connections()
                .filter { $0.clientProperties["connection_name"]?.string?.contains(scene.namespace) == true }
                .reduce(0) { $0 + $1.channels }
        }
    }
}
