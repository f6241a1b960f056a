import AgentExchange
import ExchangeTestKit
import Foundation
import Logging
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Objects on the broker")
    struct ObjectTests {
        @Test("Exchanges, queues, bindings and consumers are those that the design names", arguments: kinds)
        func objects(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) {
                $0.userMailboxExpiry = .seconds(1200)
                $0.sessionExpiry = .seconds(300)
                $0.redeliveryLimit = 7
                $0.maximumMailboxLength = 1000
                $0.prefetch = 17
            }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration, "one")
            _ = try await user.discover(typeNamed: "Clerk")
            _ = try await user.handle(to: registration.agentID).ping()
            let queues = try await queues(of: scene)
            let session = try #require(queues.keys.first { $0.hasPrefix("session.") })
            let (agentKey, userKey) = (key(.agent(registration.agentID)), key(user.id))

            #expect(
                Set(queues.keys) == ["directory", "subscriptions", "unanswered", "parked", agentKey, userKey, session]
            )
            #expect(queues.values.allSatisfy { $0.isDurable })
            expect(queues["directory"], "stream", [:])
            expect(
                queues["subscriptions"],
                "stream",
                ["x-max-length-bytes": .integer(64 << 20), "x-stream-max-segment-size-bytes": .integer(4 << 20)]
            )
            expect(queues["unanswered"], "quorum", ["x-delivery-limit": .integer(1 << 30)])
            expect(queues["parked"], "quorum", ["x-delivery-limit": .integer(1 << 30)])
            expect(queues[session], "classic", ["x-expires": .integer(300_000)])
            let mailbox: [String: JSONValue] = [
                "x-single-active-consumer": .bool(true),
                "x-dead-letter-exchange": .string(scene.name("dead-letters")),
                "x-dead-letter-routing-key": .string("unanswered"),
                "x-max-length": .integer(1000),
                "x-overflow": .string("reject-publish"),
            ]
            expect(queues[userKey], "classic", mailbox.merging(["x-expires": .integer(1_200_000)]) { $1 })
            switch kind {
            case .replicated:
                let replicated: [String: JSONValue] = [
                    "x-delivery-limit": .integer(7), "x-dead-letter-strategy": .string("at-least-once"),
                ]
                expect(queues[agentKey], "quorum", mailbox.merging(replicated) { $1 })
            case .single:
                expect(queues[agentKey], "classic", mailbox)
            }

            #expect(try await exchanges(of: scene) == Self.sharedExchanges)
            #expect(
                try await bindings(of: scene) == [
                    "agents # directory", "subscriptions # subscriptions", "dead-letters unanswered unanswered",
                    "dead-letters parked parked",
                    "broadcasts type.Agent \(agentKey)", "broadcasts type.Clerk \(agentKey)",
                    "broadcasts exact.Clerk \(agentKey)", "mailboxes \(agentKey) \(agentKey)",
                    "replies \(userKey).# \(userKey)", "mailboxes \(userKey) \(userKey)",
                    "mailboxes control.\(agentKey) \(session)", "replies control.\(userKey).# \(session)",
                    "replies \(scene.name(session)).# \(session)", "mailboxes \(scene.name(session)) \(session)",
                    "broadcasts type.Agent \(agentKey)",
                    "broadcasts type.Clerk \(agentKey)", "broadcasts exact.Clerk \(agentKey)",
                ]
            )
            try await expectConsumers(of: scene, session: session, agentKey: agentKey, userKey: userKey)
            await agent.close()
            await user.close()
        }

        private static let sharedExchanges = [
            "mailboxes": "direct", "replies": "topic", "agents": "topic", "broadcasts": "topic",
            "dead-letters": "direct", "topics": "topic", "subscriptions": "topic",
        ]

        private func expectConsumers(
            of scene: Scene,
            session: String,
            agentKey: String,
            userKey: String
        ) async throws {
            let id = session.dropFirst("session.".count)
            let consumers = try await scene.management.consumers().filter { $0.queue.hasPrefix(scene.name("")) }
            let tags = consumers.map { "\($0.queue.dropFirst(scene.name("").count)) \($0.tag)" }
            #expect(
                Set(tags) == [
                    "\(session) warren.answers.\(id)", "unanswered warren.dead-letters.\(id)",
                    "\(agentKey) \(agentKey).\(id)", "\(userKey) \(userKey).\(id)",
                ],
                "rabbitmqctl does not list the consumers of a stream"
            )
            #expect(tags.count == 4)
            #expect(consumers.allSatisfy { $0.acknowledges && $0.prefetch > 0 })
            #expect(consumers.first { $0.queue == scene.name(agentKey) }?.prefetch == 17)
            let names = try await scene.management.connections().compactMap {
                $0.clientProperties["connection_name"]?.string
            }
            .filter { $0.hasPrefix(scene.namespace) }
            #expect(names.sorted() == ["\(scene.namespace) one consumer", "\(scene.namespace) one publisher"])
        }

        @Test("Only the shared objects are left when everything was terminated and closed", arguments: kinds)
        func nothingIsLeft(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let users = [try await scene.user("one"), try await scene.user("two")]
            let registrations = [
                try await users[0].registerAgent(AgentType("Clerk")),
                try await users[1].registerAgent(AgentType("Clerk")),
            ]
            let agent = try await scene.serve(registrations[0], "three")
            for user in users { _ = try await user.handle(to: registrations[0].agentID).ping() }
            await agent.close()
            for registration in registrations { try await users[0].terminate(registration.agentID) }
            for user in users { await user.close() }

            try await eventually(
                "no connection of the test",
                value: {
                    try await scene.management.connections().compactMap {
                        $0.clientProperties["connection_name"]?.string
                    }
                }
            ) { names in !names.contains { $0.hasPrefix(scene.namespace) } }
            #expect(try await Set(queues(of: scene).keys) == ["directory", "subscriptions", "unanswered", "parked"])
            #expect(try await exchanges(of: scene) == Self.sharedExchanges)
            #expect(
                try await bindings(of: scene) == [
                    "agents # directory", "subscriptions # subscriptions", "dead-letters unanswered unanswered",
                    "dead-letters parked parked",
                ]
            )
            try await scene.expectLoad(.empty, of: "unanswered")
            try await scene.expectLoad(.empty, of: "parked")
            #expect(scene.log.entries.filter { $0.level >= .warning }.map(\.message) == [])
        }

        @Test("Closing an agent leaves its mailbox and no trace of its process", arguments: kinds)
        func closedAgent(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user("one")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration, "two")
            _ = try await user.handle(to: registration.agentID).ping()
            await agent.close()
            let agentKey = key(.agent(registration.agentID))
            // The counts of a replicated queue are those of the last seconds.
            let listed = try await eventually(
                "an empty mailbox without a receiver",
                value: { try await queues(of: scene) }
            ) { $0[agentKey]?.consumers == 0 && $0[agentKey]?.messages == 0 }
            #expect(listed.keys.filter { $0.hasPrefix("session.") }.count == 1)
            let bindings = try await bindings(of: scene)
            #expect(bindings.contains("mailboxes \(agentKey) \(agentKey)"))
            #expect(!bindings.contains { $0.contains("control.\(agentKey)") })
            await user.close()
        }

        // MARK: What the broker lists, without the prefix of the namespace

        private func key(_ id: EntityID) -> String { "\(id.role.rawValue).\(id.uuid.uuidString.lowercased())" }

        private func queues(of scene: Scene) async throws -> [String: BrokerQueue] {
            let queues = try await scene.management.queues().filter { $0.name.contains(scene.namespace) }
            return Dictionary(uniqueKeysWithValues: queues.map { (strip($0.name, scene), $0) })
        }

        private func exchanges(of scene: Scene) async throws -> [String: String] {
            let exchanges = try await scene.management.exchanges().filter { $0.name.contains(scene.namespace) }
            #expect(exchanges.allSatisfy { $0.isDurable && $0.arguments.isEmpty })
            return Dictionary(uniqueKeysWithValues: exchanges.map { (strip($0.name, scene), $0.type) })
        }

        /// `exchange key queue` of every binding, without those to the default exchange.
        private func bindings(of scene: Scene) async throws -> Set<String> {
            let bindings = try await scene.management.bindings().filter {
                !$0.source.isEmpty && ($0.source + $0.destination).contains(scene.namespace)
            }
            return Set(bindings.map { "\(strip($0.source, scene)) \($0.routingKey) \(strip($0.destination, scene))" })
        }

        private func strip(_ name: String, _ scene: Scene) -> String {
            let prefix = scene.name("")
            #expect(name.hasPrefix(prefix))
            return String(name.dropFirst(prefix.count))
        }

        private func expect(_ queue: BrokerQueue?, _ type: String, _ arguments: [String: JSONValue]) {
            #expect(queue?.type == type)
            #expect(queue?.arguments == arguments.merging(["x-queue-type": .string(type)]) { $1 })
        }
    }
}
