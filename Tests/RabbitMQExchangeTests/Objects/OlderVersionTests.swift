import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    /// The arguments of a queue can't be changed: what older versions made stays as it is.
    @Suite("Sessions of an older version in the same namespace")
    struct OlderVersionTests {
        /// What an older version declares when it opens a session, with its arguments.
        private func openOlder(_ foreign: ForeignClient, _ scene: Scene) async throws {
            let channel = foreign.channel
            let exchanges: [(String, ExchangeKind)] = [
                ("mailboxes", .direct), ("agents", .topic), ("broadcasts", .topic), ("dead-letters", .direct),
            ]
            for (name, kind) in exchanges {
                try await channel.declareExchange(.init(name: scene.name(name), kind: kind), deadline: .soon)
            }
            let queues: [(String, FieldTable, exchange: String, key: String)] = [
                ("directory", ["x-queue-type": "stream"], "agents", "#"),
                ("dead-letters", ["x-queue-type": "quorum"], "dead-letters", "dead-letter"),
                ("parked", ["x-queue-type": "quorum", "x-delivery-limit": .int64(1 << 30)], "dead-letters", "parked"),
            ]
            for (name, arguments, exchange, key) in queues {
                let declaration = QueueDeclaration(name: scene.name(name), arguments: arguments)
                try await channel.declareQueue(declaration, deadline: .soon)
                try await channel.bind(
                    .queue(scene.name(name)),
                    to: scene.name(exchange),
                    routingKey: key,
                    deadline: .soon
                )
            }
        }

        /// Makes the queue of a registered agent what an older version made it.
        private func makeOlder(
            _ registration: AgentRegistration,
            _ foreign: ForeignClient,
            _ scene: Scene,
            _ kind: MailboxKind
        ) async throws {
            let key = "agent.\(registration.agentID.uuid.uuidString.lowercased())"
            let queue = scene.name(key)
            try await foreign.channel.deleteQueue(queue, deadline: .soon)
            var arguments: FieldTable = [
                "x-single-active-consumer": true, "x-dead-letter-exchange": .string(scene.name("dead-letters")),
                "x-dead-letter-routing-key": "dead-letter",
                "x-queue-type": kind == .replicated ? "quorum" : "classic",
            ]
            if kind == .replicated { arguments["x-delivery-limit"] = 20 }
            try await foreign.channel.declareQueue(.init(name: queue, arguments: arguments), deadline: .soon)
            try await foreign.channel.bind(
                .queue(queue),
                to: scene.name("mailboxes"),
                routingKey: key,
                deadline: .soon
            )
        }

        /// A request expires in a mailbox that nobody receives from, and is answered all the same.
        private func expire(in registration: AgentRegistration, _ scene: Scene) async throws {
            let requester = try await scene.exchange().makeUserTransport(name: nil)
            var requests = try await requester.sendExpiring(1, to: registration.agentID)
            while !requests.sent.isEmpty {
                let message = try await requester.receive(timeout: .seconds(20))
                if case .response(let response) = message, case .failure(let failure) = response.outcome {
                    #expect(failure.code == .deadlineExceeded)
                    let isKnown =
                        requests.sent.remove(response.tag) != nil || requests.uncertain.remove(response.tag) != nil
                    #expect(isKnown)
                } else {
                    Issue.record("an error answer was expected: \(message)")
                }
            }
            await requester.close()
        }

        @Test("An older one made the namespace: today's serve its agents and its dead letters", arguments: kinds)
        func olderFirst(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            try await ForeignClient.run(in: scene) { foreign in
                try await openOlder(foreign, scene)
                let user = try await scene.user()
                let registration = try await user.registerAgent(AgentType("Clerk"))
                try await makeOlder(registration, foreign, scene, kind)
                try await expire(in: registration, scene)
                let agent = try await scene.serve(registration)
                let handle = user.handle(to: registration.agentID)
                let doubled = try await handle.action("double", try ActionArguments(21), returning: Int.self)
                #expect(doubled == 42)
                // The older one comes again.
                try await openOlder(foreign, scene)
                try await scene.expectLoad(.empty, of: "dead-letters")
                await agent.close()
                await user.close()
            }
        }

        @Test("An older one comes to a namespace of today: it finds what it declares, and is served", arguments: kinds)
        func newerFirst(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.heartbeat = .seconds(1) }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            try await ForeignClient.run(in: scene) { foreign in
                try await openOlder(foreign, scene)
                try await makeOlder(registration, foreign, scene, kind)
                // The session notices within a heartbeat that there is something to serve.
                try await expire(in: registration, scene)
                try await scene.expectLoad(.empty, of: "dead-letters")
            }
            await user.close()
        }

        @Test("A migration moves dead letters and removes the older queue while sessions run, and stays harmless")
        func migrates() async throws {
            let scene = try await Scene(.replicated)
            try await ForeignClient.run(in: scene) { foreign in
                try await openOlder(foreign, scene)
                let user = try await scene.user()
                let registration = try await user.registerAgent(AgentType("Clerk"))
                try await makeOlder(registration, foreign, scene, .replicated)
                let administration = try await scene.exchange("admin").openAdministration()
                let before = try await administration.topology().first { $0.state == .older }
                #expect(before?.name == scene.name("dead-letters"))

                let migration = try await administration.migrate()
                #expect(migration.olderSessions == 0)
                #expect(try await scene.load(of: "dead-letters") == nil)
                #expect(try await administration.topology().allSatisfy { $0.state != .older })
                // What the older mailbox dead-letters goes to the queue of today.
                try await expire(in: registration, scene)
                #expect(try await administration.migrate() == migration)
                await administration.close()
                await user.close()
            }
        }

        @Test("A migration leaves the older queue to a session of an older version, with all that is in it")
        func migratesLater() async throws {
            let scene = try await Scene(.replicated) { $0.operationTimeout = .seconds(5) }
            try await ForeignClient.run(in: scene) { foreign in
                try await openOlder(foreign, scene)
                // An older session: it acknowledges a marker and goes on.
                let declaration = ConsumerDeclaration(queue: scene.name("dead-letters"), prefetch: 256)
                let older = try await foreign.channel.consume(declaration, deadline: .soon)
                let dropping = Task { for try await delivery in older { delivery.acknowledge() } }
                let administration = try await scene.exchange("admin").openAdministration()
                #expect(try await administration.migrate().olderSessions == 1)
                #expect(try await scene.load(of: "dead-letters") == .empty)
                _ = try await older.cancel(deadline: .soon)
                try await dropping.value
                // It died with dead letters that it had not answered.
                for _ in 1...5 { try await foreign.publish(.init(), to: "dead-letter", through: "dead-letters") }
                let migration = try await administration.migrate()
                #expect(migration.olderSessions == 0 && migration.moved == 5)
                try await scene.expectLoad(QueueLoad(ready: 5), of: "unanswered")
                #expect(try await scene.load(of: "dead-letters") == nil)
                await administration.close()
            }
        }
    }
}
