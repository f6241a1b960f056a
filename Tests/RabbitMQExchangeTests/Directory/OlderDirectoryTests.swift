import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("A directory that sessions of before the compaction share with those of today")
    struct OlderDirectoryTests {
        private let type = AgentType("Clerk")

        @Test("Both register while it is compacted; each finds all, and so do those of both kinds that come later")
        func shared() async throws {
            let scene = try await Scene(.single) { $0.compactionThreshold = 1_000_000 }
            let user = try await eventually("a session that compacts") { try await scene.hasty.user("one") }
            let busy = try await scene.user("two")
            let type = type
            try await OlderSession.run(in: scene) { older in
                let alive = Monitor<Set<AgentID>>([])
                @Sendable func registerTwo() async throws {
                    let ids = [try await busy.registerAgent(type).agentID, try await older.register(type)]
                    alive.update { $0.formUnion(ids) }
                }
                @Sendable func expectAll(_ clients: [UserExchangeClient]) async throws {
                    for client in clients {
                        let found = try await patiently { try await client.discover(type) }
                        #expect(Set(found) == alive.value)
                    }
                }
                for _ in 0..<10 { try await registerTwo() }
                let gone = [try await busy.registerAgent(type).agentID, try await older.register(type)]
                for agent in gone { try await busy.terminate(.agent(agent)) }
                try await scene.writeFences(500)
                try await expectAll([user, busy])
                #expect(try await older.discover(type) == alive.value)

                let session = try #require(user.session)
                let (steps, attempts) = (Monitor(0), Monitor(0))
                try await CompactionStep.$observer.withValue({ _ in
                    steps.update { $0 += 1 }
                    try await registerTwo()
                    try await expectAll([user, busy])
                }) {
                    let isDone = try await patiently {
                        attempts.update { $0 += 1 }
                        return try await Compactor(session: session).compact()
                    }
                    #expect(isDone)
                }
                // An attempt that goes on with a copy skips steps.
                #expect(attempts.value > 1 || steps.value == CompactionStep.allCases.count)

                #expect(try await older.discover(type) == alive.value)
                let newcomer = try await scene.user("newcomer")
                try await expectAll([user, busy, newcomer])
                try await OlderSession.run(in: scene) { other in
                    let found = try await other.discover(type)
                    #expect(found == alive.value)
                }
                for agent in gone { #expect(try await newcomer.status(of: agent) == .terminated) }
                // One that the other kind registered ends.
                let last = try await older.register(type)
                try await newcomer.terminate(.agent(last))
                #expect(try await older.discover(type) == alive.value)
                await newcomer.close()
            }
            for client in [user, busy] { await client.close() }
        }
    }
}

/// A session of before the compaction, as far as the directory goes: it knows one stream, reads it from the beginning, and when
/// it is deleted makes it again, reads it once more, and announces whom it misses.
private struct OlderSession: Sendable {
    let scene: Scene
    let client: ForeignClient
    private let index = Monitor(DirectoryIndex())
    private let fences = Monitor<Set<String>>([])

    static func run(in scene: Scene, _ body: (OlderSession) async throws -> Void) async throws {
        try await ForeignClient.run(in: scene) { client in
            let session = OlderSession(scene: scene, client: client)
            let following = Task { try await session.follow() }
            do {
                try await body(session)
            } catch {
                following.cancel()
                throw error
            }
            following.cancel()
            _ = await following.result
        }
    }

    func register(_ type: AgentType) async throws -> AgentID {
        let id = AgentID(name: "older")
        let queue = scene.name("agent.\(id.uuid.uuidString.lowercased())")
        try await client.channel.declareQueue(QueueDeclaration(name: queue), deadline: .soon)
        try await announce(.registered(.agent(id), lineage: type.lineage))
        return id
    }

    /// The agents of a type, as of this moment.
    func discover(_ type: AgentType) async throws -> Set<AgentID> {
        for _ in 0..<10 {
            let fence = UUID()
            try await announce(.fence(fence))
            let name = fence.uuidString.lowercased()
            // A fence may be in a stream that was deleted.
            let seen = try? await fences.wait(for: "the fence", timeout: .seconds(2)) { $0.contains(name) ? true : nil }
            if seen == true { break }
        }
        return Set(index.value.agents(typeNamed: type.name, allowSubtypes: true))
    }

    private func announce(_ record: Announcement) async throws {
        let publication = Publication(
            exchange: scene.name("agents"),
            routingKey: record.routingKey(by: nil),
            properties: record.properties,
            body: record.body,
            mandatory: true
        )
        try await client.channel.publish(publication, deadline: .soon)
    }

    private func follow() async throws {
        var isFirst = true
        while !Task.isCancelled {
            let channel = try await client.connection.openChannel(confirms: false, deadline: .soon)
            let stream = QueueDeclaration(name: scene.name("directory"), arguments: ["x-queue-type": "stream"])
            try await channel.declareQueue(stream, deadline: .soon)
            try await channel.bind(.queue(stream.name), to: scene.name("agents"), routingKey: "#", deadline: .soon)
            let again = isFirst ? nil : Task { try await announceAgain() }
            isFirst = false
            try? await read(on: channel)
            _ = await again?.result
            try? await channel.close(deadline: .soon)
        }
    }

    /// Reads until the stream is gone.
    private func read(on channel: Channel) async throws {
        let declaration = ConsumerDeclaration(
            queue: scene.name("directory"),
            prefetch: 1000,
            arguments: ["x-stream-offset": "first"]
        )
        for try await delivery in try await channel.consume(declaration, deadline: .soon) {
            delivery.acknowledge()
            // Of a record about many it read the first.
            guard let record = Announcement(delivery.properties) else { continue }
            index.update { _ = $0.apply(record) }
            if case .fence = record, let id = delivery.properties.correlationID { fences.update { $0.insert(id) } }
        }
    }

    private func announceAgain() async throws {
        for entity in index.value.everyone where entity.id.role == .agent {
            try await announce(.registered(entity.id, lineage: entity.lineage))
        }
    }
}
