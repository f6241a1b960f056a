import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("Walls between the broker users of one namespace")
    struct TapTests {
        /// A service with an agent, a user who calls it, and another broker user with the role `user`.
        private struct Stage {
            let scene: Scene
            let people: [RoleUser]
            let service: UserExchangeClient
            let agent: AgentExchangeClient
            let victim: UserExchangeClient
            let eve: RoleUser
            /// The session queues of both processes.
            let sessions: [String]

            init() async throws {
                scene = try await Scene { $0.requiresUserID = true }
                let person = try await RoleUser(.operator, in: scene)
                let client = try await person.exchange().makeUserClient()
                await client.close()
                let owner = try await RoleUser(.agentService, in: scene)
                let ann = try await RoleUser(.user, in: scene)
                eve = try await RoleUser(.user, in: scene)
                people = [person, owner, ann, eve]
                service = try await owner.exchange().makeUserClient()
                let registration = try await service.registerAgent(AgentType("Clerk"))
                agent = try await owner.exchange().makeAgentClient(registration, requestHandler: Deeds.serve)
                victim = try await ann.exchange().makeUserClient()
                let prefix = scene.name("session.")
                sessions = try await scene.management.queues().map(\.name).filter { $0.hasPrefix(prefix) }
            }

            /// What leads to the victims.
            var keys: [String] {
                let agent = "agent.\(agent.id.uuid.uuidString.lowercased())"
                let users = [victim.id, service.id].map { "user.\($0.uuid.uuidString.lowercased())" }
                return sessions + [agent, "control.\(agent)"] + users + users.map { "control.\($0)" }
                    + users.map { "drain.\($0)" }
            }

            func expectService() async throws {
                let handle = victim.handle(to: agent.registration.agentID)
                #expect(try await handle.action("double", try ActionArguments(21), returning: Int.self) == 42)
            }

            func close() async throws {
                await victim.close()
                await agent.close()
                try await service.terminate(agent.registration.agentID)
                await service.close()
                for user in people { try await user.remove() }
            }
        }

        @Test("The role user can neither tap nor read, delete, unbind or end anything of another broker user")
        func taps() async throws {
            let stage = try await Stage()
            let (scene, own) = (stage.scene, stage.eve.sessionQueue())
            let connection = try await stage.eve.connect()
            let setUp = try await connection.openChannel(confirms: false, deadline: .soon)
            try await setUp.declareQueue(QueueDeclaration(name: own), deadline: .soon)
            #expect(stage.sessions.count == 2)

            func refused(
                _ what: String,
                _ attempt: (Channel) async throws(AMQPError) -> Void
            ) async throws {
                let channel = try await connection.openChannel(confirms: true, deadline: .soon)
                do throws(AMQPError) {
                    try await attempt(channel)
                    Issue.record("a user could \(what)")
                } catch { #expect(error.code == .accessRefused, "\(what): \(error)") }
            }

            let wide = ["#", "*", "user.#", "user.*.#", "*.#", "warren.#", "control.#", "*.*.*.*", "#.verdict", ""]
            for key in stage.keys.flatMap({ [$0, $0 + ".#", $0 + ".verdict"] }) + wide {
                for exchange in ["mailboxes", "replies", "broadcasts", "agents", "dead-letters"] {
                    try await refused("tap \(exchange) with \(key)") { channel throws(AMQPError) in
                        let place = scene.name(exchange)
                        try await channel.bind(.queue(own), to: place, routingKey: key, deadline: .soon)
                    }
                }
            }
            let mailboxes = [stage.victim.id, stage.service.id, stage.agent.id].map {
                scene.name("\($0.role.rawValue).\($0.uuid.uuidString.lowercased())")
            }
            for queue in stage.sessions + mailboxes + [scene.name("unanswered"), scene.name("parked")] {
                try await refused("get from \(queue)") { channel throws(AMQPError) in
                    _ = try await channel.get(queue, deadline: .soon)
                }
                try await refused("consume \(queue)") { channel throws(AMQPError) in
                    _ = try await channel.consume(ConsumerDeclaration(queue: queue, prefetch: 1), deadline: .soon)
                }
                try await refused("delete \(queue)") { channel throws(AMQPError) in
                    _ = try await channel.deleteQueue(queue, deadline: .soon)
                }
            }
            for key in stage.keys {
                for exchange in ["mailboxes", "replies"] {
                    try await refused("unbind \(key)") { channel throws(AMQPError) in
                        let (queue, place) = (stage.sessions[0], scene.name(exchange))
                        try await channel.unbind(.queue(queue), from: place, routingKey: key, deadline: .soon)
                    }
                }
            }
            let orders = stage.keys.filter { $0.hasPrefix("control.user.") || $0.hasPrefix("drain.user.") }
            for key in orders + stage.sessions.map({ $0 + ".verdict" }) {
                try await refused("send to \(key)") { channel throws(AMQPError) in
                    let order = Publication(exchange: scene.name("replies"), routingKey: key, body: Data())
                    try await channel.publish(order, deadline: .soon)
                }
            }
            try await stage.expectService()
            _ = try await setUp.deleteQueue(own, deadline: .soon)
            await connection.close(timeout: .seconds(5))
            try await stage.close()
        }

        @Test("The role user can't write into the directory that a user of another broker user has ended")
        func forgedEnds() async throws {
            let stage = try await Stage()
            let connection = try await stage.eve.connect()
            for type in ["terminated", "finished"] {
                for key in ["\(type).@user", "\(type).@users", "\(type).Agent", type] {
                    let channel = try await connection.openChannel(confirms: true, deadline: .soon)
                    var properties = MessageProperties()
                    properties.type = type
                    properties.userID = stage.eve.name
                    let id = stage.victim.id.uuid.uuidString.lowercased()
                    properties.headers = ["warren-entity": .string("user:\(id)")]
                    let record = Publication(
                        exchange: stage.scene.name("agents"),
                        routingKey: key,
                        properties: properties,
                        body: Data()
                    )
                    do throws(AMQPError) {
                        try await channel.publish(record, deadline: .soon)
                        #expect(key == "\(type).@user")
                    } catch { #expect(error.code == .accessRefused) }
                }
            }
            #expect(try await stage.service.transport.status(of: stage.victim.id) == .active)
            #expect(try await stage.victim.transport.status(of: stage.victim.id) == .active)
            try await stage.expectService()
            await connection.close(timeout: .seconds(5))
            try await stage.close()
        }

        @Test("An answer of another broker user is not taken, even with the right tag; one in the exchange's name is")
        func forgedAnswers() async throws {
            let stage = try await Stage()
            let connection = try await stage.eve.connect()
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            // The worst case: she knows everything about the request, and answers before the agent.
            let registration = try await stage.service.registerAgent(AgentType("Slow"))
            let place = stage.scene.name("session." + Wall(user: stage.people[2].name).prefix)
            let session = try #require(stage.sessions.first { $0.hasPrefix(place) })
            let (scene, eve) = (stage.scene, stage.eve.name)
            let owner = stage.people[1]
            let slow = try await owner.exchange().makeAgentClient(registration) { request, _ in
                var properties = MessageProperties()
                properties.type = "action-response"
                properties.correlationID = request.tag.uuidString.lowercased()
                properties.userID = eve
                properties.headers = [
                    "warren-protocol": "1.0", "warren-error-code": "mailbox-terminated",
                    "warren-source": .string("agent:\(registration.agentID.uuid.uuidString.lowercased())"),
                    "warren-destination": .string("user:\(request.source.uuid.uuidString.lowercased())"),
                ]
                properties.headers["warren-label"] = request.label.map { .string($0.uuidString.lowercased()) }
                for isUserSigned in [true, false] {
                    if !isUserSigned { properties.userID = nil }
                    let forged = Publication(
                        exchange: scene.name("replies"),
                        routingKey: session,
                        properties: properties,
                        body: Data(),
                        mandatory: true
                    )
                    try await channel.publish(forged, deadline: .soon)
                    // The same in a message for several.
                    let answer = request.error(.mailboxTerminated, "forged")
                    var several = forged
                    several.properties = ResponseBatch.properties()
                    several.properties.userID = properties.userID
                    several.body = ResponseBatch.encode([answer], bytes: ResponseBatch.size(of: answer) ?? 0)
                    try await channel.publish(several, deadline: .soon)
                }
                try await eventually("all answers to be refused") {
                    scene.log.entries.filter { $0.message == "an answer was refused" }.count == 4
                }
                return try request.response(encoding: "genuine")
            }
            let handle = stage.victim.handle(to: registration.agentID)
            #expect(try await handle.action("any", returning: String.self) == "genuine")
            await slow.close()
            // Nobody serves it any more: whoever terminates the mailbox answers, here the operator.
            let call = Task { try await handle.action("any") }
            let mailbox = "agent.\(registration.agentID.uuid.uuidString.lowercased())"
            try await scene.expectLoad(QueueLoad(ready: 1), of: mailbox)
            let person = try await stage.people[0].exchange().makeUserClient()
            try await person.terminate(registration.agentID)
            let answer = await outcome { try await call.value }
            #expect(answer.error?.code == .mailboxTerminated)
            await person.close()
            await connection.close(timeout: .seconds(5))
            try await stage.close()
        }

        @Test("Older sessions, which know no walls, answer and are answered")
        func older() async throws {
            let scene = try await Scene(.single)
            let user = try await scene.user("one")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let mailbox = "agent.\(registration.agentID.uuid.uuidString.lowercased())"
            try await ForeignClient.run(in: scene) { old in
                // It asks: its queue for answers has a UUID of version 4, and is bound to the mailboxes.
                let agent = try await scene.serve(registration, "two")
                let replies = try await old.replyQueue()
                let asking = BadMessage.goodProperties(to: agent.id, replyTo: replies)
                try await old.publish(asking, #"{"positional":[21]}"#, to: mailbox)
                let answer = try await eventually("an answer") {
                    try await old.channel.get(replies, deadline: .soon)
                }
                answer.acknowledge()
                #expect(answer.properties.type == "action-response" && answer.body == Data("42".utf8))
                await agent.close()
                // It serves: it follows the reply_to, and publishes to the mailboxes.
                let call = Task { try await user.handle(to: registration.agentID).ping() }
                let request = try await eventually("the request") {
                    try await old.channel.get(scene.name(mailbox), deadline: .soon)
                }
                var properties = MessageProperties()
                properties.type = "ping-response"
                properties.correlationID = request.properties.correlationID
                properties.headers = request.properties.headers
                properties.headers["warren-source"] = request.properties.headers["warren-destination"]
                properties.headers["warren-destination"] = request.properties.headers["warren-source"]
                try await old.publish(properties, to: try #require(request.properties.replyTo))
                request.acknowledge()
                #expect(try await call.value > .zero)
                // And to the mailbox of the user, where it finds no session.
                try await old.publish(properties, to: "user.\(user.id.uuid.uuidString.lowercased())")
            }
            await user.close()
        }
    }
}
