import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("Mailboxes that take requests only from the broker user who registered their sender")
    struct SenderTests {
        @Test(
            "Requests without a user_id, or of an entity of somebody else, are answered with forbidden",
            arguments: places
        )
        func checked(_ kind: MailboxKind, _ way: MessageWay) async throws {
            let scene = try await Scene(kind, by: way) { $0.requiresUserID = true }
            let owner = try await scene.user("owner")
            let registration = try await owner.registerAgent(AgentType("Clerk"))
            let served = Monitor(0)
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, _ in
                served.update { $0 += 1 }
                return request.response()
            }
            // Another broker user calls as itself, and is served.
            let (ann, eve) = (try await RoleUser(.user, in: scene), try await RoleUser(.user, in: scene))
            let client = try await ann.exchange().makeUserClient()
            // Not by a ping, which is said again by a notice, and served again, when it is not answered at once.
            _ = try await client.handle(to: registration.agentID).action("any")
            // Without a signature.
            var unsigned = scene
            unsigned.configuration.sendsUserID = false
            let silent = try await unsigned.user("silent")
            let unknown = await outcome { try await silent.handle(to: registration.agentID).ping() }
            #expect(unknown.error?.code == .forbidden, "\(unknown)")
            // As somebody else, as somebody else's user or agent that is not registered, and as nobody at all.
            let connection = try await eve.connect()
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let replies = eve.sessionQueue()
            try await channel.declareQueue(QueueDeclaration(name: replies), deadline: .soon)
            try await channel.bind(
                .queue(replies),
                to: scene.name("replies"),
                routingKey: replies + ".#",
                deadline: .soon
            )
            let (foreign, own) = (Wall(user: ann.name), Wall(user: eve.name))
            let sources = [
                client.id, .agent(registration.agentID), .user(UserID(uuid: foreign.uuid())),
                .agent(AgentID(uuid: foreign.uuid())), .user(UserID()),
            ]
            for source in sources {
                let request = try Request(from: source, to: .agent(registration.agentID), .ping)
                try await channel.publish(forged(request, scene, eve.name, replies), deadline: .soon)
                let answer = try await eventually("an answer") { try await channel.get(replies, deadline: .soon) }
                answer.acknowledge()
                #expect(answer.properties.headers["warren-error-code"] == "forbidden")
            }
            // Of an entity of its own it need not be known.
            let visit = try Request(from: .user(UserID(uuid: own.uuid())), to: .agent(registration.agentID), .ping)
            try await channel.publish(forged(visit, scene, eve.name, replies), deadline: .soon)
            let answer = try await eventually("an answer") { try await channel.get(replies, deadline: .soon) }
            answer.acknowledge()
            #expect(answer.properties.type == "ping-response" && answer.properties.headers["warren-error-code"] == nil)
            // The broker itself refuses a user_id that is not that of the connection.
            let request = try Request(from: client.id, to: .agent(registration.agentID), .ping)
            let liar = try await connection.openChannel(confirms: true, deadline: .soon)
            let refusal = await #expect(throws: AMQPError.self) {
                try await liar.publish(forged(request, scene, ann.name, replies), deadline: .soon)
            }
            #expect(refusal?.code == .preconditionFailed)
            #expect(served.value == 2)
            try await channel.deleteQueue(replies, deadline: .soon)
            await connection.close(timeout: .seconds(5))
            await silent.close()
            await client.close()
            await agent.close()
            try await owner.transport.terminate(.agent(registration.agentID))
            await owner.close()
            for user in [ann, eve] { try await user.remove() }
        }

        @Test(
            "While the directory can't be asked, an unknown sender is told to try again, and an answer is held",
            arguments: ways
        )
        func unknown(_ way: MessageWay) async throws {
            let scene = try await Scene(by: way) { $0.requiresUserID = true }
            let owner = try await scene.user("owner")
            let registration = try await owner.registerAgent(AgentType("Clerk"))
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, _ in
                request.response()
            }
            let eve = try await RoleUser(.user, in: scene)
            let connection = try await eve.connect()
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let replies = eve.sessionQueue()
            try await channel.declareQueue(QueueDeclaration(name: replies), deadline: .soon)
            let key = replies + ".#"
            try await channel.bind(.queue(replies), to: scene.name("replies"), routingKey: key, deadline: .soon)
            func code() async throws -> FieldValue? {
                let request = try Request(from: .user(UserID()), to: .agent(registration.agentID), .ping)
                try await channel.publish(forged(request, scene, eve.name, replies), deadline: .soon)
                let answer = try await eventually("an answer", timeout: .seconds(30)) {
                    try await channel.get(replies, deadline: .soon)
                }
                answer.acknowledge()
                return answer.properties.headers["warren-error-code"]
            }
            try await ForeignClient.run(in: scene) { client in
                let (directory, agents) = (scene.name("directory"), scene.name("agents"))
                // Nothing that is written to the directory gets there, and no session can mend that.
                try await client.channel.deleteExchange(agents, deadline: .soon)
                let other = ExchangeDeclaration(name: agents, kind: .fanout)
                try await client.channel.declareExchange(other, deadline: .soon)
                #expect(try await code() == "unavailable")
                let request = try Request(from: .user(UserID()), to: .agent(registration.agentID), .ping)
                var answer = forged(request, scene, eve.name, nil)
                answer.properties.type = "ping-response"
                try await channel.publish(answer, deadline: .soon)
                try await scene.expectLoad(QueueLoad(held: 1), of: answer.routingKey)
                try await client.channel.deleteExchange(agents, deadline: .soon)
                let topic = ExchangeDeclaration(name: agents, kind: .topic)
                try await client.channel.declareExchange(topic, deadline: .soon)
                try await client.channel.bind(.queue(directory), to: agents, routingKey: "#", deadline: .soon)
                #expect(try await code() == "forbidden")
                // It was not credible.
                try await scene.log.entry { $0.message == "an answer was refused" }
                try await scene.expectLoad(.empty, of: answer.routingKey)
            }
            try await channel.deleteQueue(replies, deadline: .soon)
            await connection.close(timeout: .seconds(5))
            await agent.close()
            try await owner.terminate(registration.agentID)
            await owner.close()
            try await eve.remove()
        }

        @Test(
            "A registration in the name of another broker user lets its author speak for nobody",
            arguments: [false, true]
        )
        func foreignRegistration(_ isCopy: Bool) async throws {
            let scene = try await Scene(.single) { $0.requiresUserID = true }
            let owner = try await scene.user("owner")
            let registration = try await owner.registerAgent(AgentType("Clerk"))
            let served = Monitor<[EntityID]>([])
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, _ in
                served.update { $0.append(request.source) }
                return request.response()
            }
            let (ann, eve) = (
                try await RoleUser(.agentService, in: scene), try await RoleUser(.agentService, in: scene)
            )
            let ghost = EntityID.agent(AgentID(uuid: Wall(user: ann.name).uuid(), name: "ghost"))
            try await eve.announce(.registered(ghost, lineage: ["Agent", "Ghost"]), isCopy: isCopy)
            // It is found, like any agent that a service announces.
            #expect(try await owner.discover(named: "ghost").map(EntityID.agent) == [ghost])
            let request = try Request(from: ghost, to: .agent(registration.agentID), .ping)
            for author in [eve, ann] {
                let connection = try await author.connect()
                let channel = try await connection.openChannel(confirms: true, deadline: .soon)
                try await channel.publish(forged(request, scene, author.name, nil), deadline: .soon)
                await connection.close(timeout: .seconds(5))
            }
            try await eventually("the request of the owner to be served") { !served.value.isEmpty }
            try await scene.log.entry { $0.message == "a request was refused" }
            #expect(served.value == [ghost])
            await agent.close()
            try await owner.terminate(registration.agentID)
            await owner.close()
            for user in [ann, eve] { try await user.remove() }
        }

        @Test("Notices of somebody else stop no agent, cancel no call, and are not served", arguments: places)
        func notices(_ kind: MailboxKind, _ way: MessageWay) async throws {
            let scene = try await Scene(kind, by: way) { $0.requiresUserID = true }
            let owner = try await scene.user("owner")
            let registration = try await owner.registerAgent(AgentType("Clerk"))
            let served = Monitor<[MessageKind]>([])
            let current = Monitor<Request?>(nil)
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, _ in
                served.update { $0.append(request.kind) }
                guard case .action = request.body else { return request.response() }
                current.update { $0 = request }
                try await Task.sleep(for: .seconds(600))
                return request.response()
            }
            let (ann, eve) = (try await RoleUser(.user, in: scene), try await RoleUser(.user, in: scene))
            let client = try await ann.exchange().makeUserClient()
            let call = Task { try await client.handle(to: registration.agentID).action("wait") }
            let request = try await eventually("the action to start") { current.value }
            let connection = try await eve.connect()
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let stranger = EntityID.user(UserID())
            for source in [client.id, stranger] {
                for kind in ["shutdown-notice", "ping-notice", "cancel-notice", "credit-notice"] {
                    var notice = forged(request, scene, eve.name, nil)
                    notice.properties.type = kind
                    notice.properties.headers["warren-source"] = .string(text(source))
                    notice.properties.headers["warren-terminate"] = .bool(true)
                    notice.properties.headers["warren-label"] = .string(UUID().uuidString.lowercased())
                    if kind == "credit-notice" { notice.properties.headers["warren-credit"] = .int64(1000) }
                    notice.routingKey = "control." + notice.routingKey
                    notice.mandatory = false
                    try await channel.publish(notice, deadline: .soon)
                }
            }
            // Only the directory is believed that a mailbox was terminated.
            var order = forged(request, scene, eve.name, eve.sessionQueue())
            order.properties.type = "warren-terminate"
            order.properties.headers = ["warren-entity": .string(text(request.destination))]
            order.routingKey = "control." + order.routingKey
            try await channel.publish(order, deadline: .soon)
            let refused = "a notice was refused"
            try await eventually("the notices to be refused") {
                scene.log.entries.filter { $0.message == refused }.count >= 6
            }
            // A notice of hers comes after them in the queue of the agent's process, and is taken.
            #expect(!agentHasEnded(served.value))
            #expect(try await owner.transport.status(of: .agent(registration.agentID)) == .active)
            call.cancel()
            let end = await outcome { try await call.value }
            #expect(end.error?.code == .cancelled)
            #expect(try await client.handle(to: registration.agentID).ping() > .zero)
            #expect(served.value.filter { $0 == .shutdownRequest }.isEmpty)
            await connection.close(timeout: .seconds(5))
            await client.close()
            await agent.close()
            try await owner.transport.terminate(.agent(registration.agentID))
            await owner.close()
            for user in [ann, eve] { try await user.remove() }
        }

        private func agentHasEnded(_ served: [MessageKind]) -> Bool { served != [.actionRequest] }

        @Test(
            "The principal is the broker user who sent it; of a message sent again only the own broker user tells",
            arguments: ways
        )
        func principal(_ way: MessageWay) async throws {
            let scene = try await Scene(by: way)
            let owner = try await scene.user("owner")
            let registration = try await owner.registerAgent(AgentType("Clerk"))
            let seen = Monitor<[String?]>([])
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, _ in
                seen.update { $0.append(request.principal) }
                return request.response()
            }
            let eve = try await RoleUser(.user, in: scene)
            let connection = try await eve.connect()
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            func send(_ user: String, _ principal: String?, on channel: Channel) async throws {
                let request = try Request(from: owner.id, to: .agent(registration.agentID), .ping)
                var publication = forged(request, scene, user, nil)
                if let principal { publication.properties.headers["warren-principal"] = .string(principal) }
                let count = seen.value.count
                try await channel.publish(publication, deadline: .soon)
                try await eventually("the request to be served") { seen.value.count > count }
            }
            try await send(eve.name, nil, on: channel)
            // Whoever may publish can say anything; the own session says it of the copies that keep a hold.
            try await send(eve.name, "ann", on: channel)
            try await ForeignClient.run(in: scene) { foreign in
                try await send("guest", "ann", on: foreign.channel)
                try await send("guest", "", on: foreign.channel)
                try await send("guest", nil, on: foreign.channel)
            }
            #expect(seen.value == [eve.name, nil, "ann", nil, "guest"])
            await connection.close(timeout: .seconds(5))
            await agent.close()
            try await owner.transport.terminate(.agent(registration.agentID))
            await owner.close()
            try await eve.remove()
        }

        private func forged(_ request: Request, _ scene: Scene, _ user: String, _ replyTo: String?) -> Publication {
            var properties = MessageProperties()
            properties.type = "ping-request"
            properties.correlationID = request.tag.uuidString.lowercased()
            properties.replyTo = replyTo
            properties.userID = user
            properties.headers = [
                "warren-protocol": "1.0", "warren-source": .string(text(request.source)),
                "warren-destination": .string(text(request.destination)),
            ]
            let key = text(request.destination).replacing(":", with: ".")
            return Publication(
                exchange: scene.name("mailboxes"),
                routingKey: key,
                properties: properties,
                body: Data(),
                mandatory: true
            )
        }

        private func text(_ id: EntityID) -> String { "\(id.role.rawValue):\(id.uuid.uuidString.lowercased())" }
    }
}
