import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("Answers to one session that are ready together")
    struct JoinedAnswersTests {
        @Test("travel in one message, and each of 64 calls gets its own", arguments: kinds)
        func together(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user("one")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let (gate, waiting) = (Gate(), Monitor(0))
            let agent = try await scene.exchange("two").makeAgentClient(registration) { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                waiting.update { $0 += 1 }
                await gate.pass()
                let number = try arguments.decode(Int.self)
                if number == 63 { throw Failure(.remote, "not this one") }
                return try request.response(encoding: number * 2)
            }
            let handle = user.handle(to: registration.agentID)
            try await ForeignClient.run(in: scene) { foreign in
                let copies = try await foreign.tap(of: user, in: scene)
                try await withThrowingTaskGroup { group in
                    for number in 0..<64 {
                        group.addTask {
                            if number == 63 {
                                let end = await outcome { try await handle.action("double", .init(number)) }
                                #expect(end.error?.code == .remote)
                            } else {
                                let twice = try await handle.action("double", .init(number), returning: Int.self)
                                #expect(twice == number * 2)
                            }
                        }
                    }
                    try await waiting.wait(for: "64 requests", timeout: .seconds(30)) { $0 == 64 ? true : nil }
                    try agent.holdAnswers(until: 64)
                    gate.open()
                    try await group.waitForAll()
                }
                let (messages, tags) = try await foreign.answers(in: copies, count: 64)
                #expect(messages < 10 && Set(tags).count == 64, "\(messages) messages")
            }
            try await scene.expectLoad(.empty, of: "agent.\(registration.agentID.uuid.uuidString.lowercased())")
            #expect(try await handle.ping() > .zero)
            await agent.close()
            await user.close()
        }

        @Test("go one by one to an older session beside a newer one, and within the limit that a session names")
        func older() async throws {
            let stage = try await HeldStage()
            try await ForeignClient.run(in: stage.scene) { foreign in
                let (old, new, narrow) =
                    (try await foreign.replyQueue(), try await foreign.replyQueue(), try await foreign.replyQueue())
                for _ in 0..<20 {
                    for (queue, limit) in [(old, nil), (new, 65_536), (narrow, 800)] as [(String, Int64?)] {
                        try await foreign.publish(stage.request(queue, limit), "[]", to: stage.key)
                    }
                }
                try await foreign.publish(stage.request(new, 65_536), "a large one", to: stage.key)
                try await stage.letGo(61, ready: 41)
                let single = try await foreign.collect(20, from: old)
                #expect(single.allSatisfy { $0.properties.type == "action-response" })
                #expect(Set(single.compactMap(\.properties.correlationID)).count == 20)
                let (messages, tags) = try await foreign.answers(in: new, count: 21)
                #expect(messages < 5 && Set(tags).count == 21, "\(messages) messages")
                let (many, narrowTags) = try await foreign.answers(in: narrow, count: 20, largest: 800)
                #expect(many >= 10 && Set(narrowTags).count == 20, "\(many) messages")
            }
            try await stage.close()
        }

        @Test("go to the mailbox one by one when the queue of the session is gone")
        func returned() async throws {
            let stage = try await HeldStage()
            let requester = try await stage.user.registerAgent(AgentType("Requester"))
            let source = "agent.\(requester.agentID.uuid.uuidString.lowercased())"
            try await ForeignClient.run(in: stage.scene) { foreign in
                let gone = stage.scene.name("session.\(UUID().uuidString.lowercased())")
                var tags: Set<String> = []
                for _ in 0..<32 {
                    var request = stage.request(gone, 65_536)
                    request.headers["warren-source"] = .string(source.replacing(".", with: ":"))
                    tags.insert(request.correlationID ?? "")
                    try await foreign.publish(request, "[]", to: stage.key)
                }
                try await stage.letGo(32, ready: 32)
                let answers = try await stage.scene.receive(32, by: requester)
                #expect(Set(answers.map { $0.tag.uuidString.lowercased() }) == tags)
            }
            try await stage.close()
        }

        @Test("go one by one when the broker takes no message as large as all of them")
        func tooLarge() async throws {
            let broker = try await PrivateBroker.start(.init(settings: ["max_message_size = 1000"]))
            let stage = try await HeldStage(on: broker)
            let handle = stage.user.handle(to: stage.registration.agentID)
            try await withThrowingTaskGroup { group in
                for number in 0..<32 {
                    group.addTask {
                        let text = try await handle.action("a", .init(number), returning: String.self)
                        #expect(text.count == 300)
                    }
                }
                try await stage.letGo(32, ready: 32)
                try await group.waitForAll()
            }
            try await stage.close()
            await broker.stop()
        }

        @Test("One that can't be read is parked with its message, and the others arrive once")
        func badEntry() async throws {
            let scene = try await Scene()
            let user = try await scene.user("one")
            let registration = try await user.registerAgent(AgentType("Absent"))
            let handle = user.handle(to: registration.agentID)
            try await ForeignClient.run(in: scene) { foreign in
                async let ends = withTaskGroup(of: ExchangeError?.self) { group in
                    for _ in 0..<3 {
                        group.addTask { await outcome { try await handle.action("a", deadline: .seconds(15)) }.error }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                var body = Data()
                for (number, message) in try await scene.receive(3, by: registration).enumerated() {
                    guard case .request(let request) = message else { continue }
                    let response = request.response()
                    var entry = ResponseBatch.encode([response], bytes: ResponseBatch.size(of: response) ?? 0)
                    if number == 1 { entry[4] = 77 }
                    body += entry
                }
                let session = try await foreign.session(of: user, in: scene)
                for _ in 0..<2 {
                    let publication = Publication(
                        exchange: scene.name("replies"),
                        routingKey: session,
                        properties: ResponseBatch.properties(),
                        body: body,
                        mandatory: true
                    )
                    try await foreign.channel.publish(publication, deadline: .soon)
                }
                for parked in try await foreign.collect(2, from: scene.name("parked")) {
                    #expect(parked.body == body)
                    let detail = parked.properties.headers["warren-detail"]?.stringValue
                    #expect(detail == "response 2: its kind 77 is not known")
                }
                #expect(await ends.map { $0?.code }.filter { $0 != nil } == [.deadlineExceeded])
                try await scene.expectLoad(.empty, of: String(session.dropFirst(scene.name("").count)))
            }
            await user.close()
        }

        @Test("are ahead of a marker that follows them, so that no later answer overtakes them past the broker")
        func marker() async throws {
            let stage = try await HeldStage()
            try await ForeignClient.run(in: stage.scene) { foreign in
                let (queue, id) = (try await foreign.replyQueue(), UUID())
                for _ in 0..<2 { try await foreign.publish(stage.request(queue, 65_536), "[]", to: stage.key) }
                let other = try #require(UUID(uuidString: String(queue.suffix(36))))
                try await stage.letGo(2) { DirectSession($0).mark(id, session: other) }
                let types = try await foreign.collect(2, from: queue).map(\.properties.type)
                #expect(types == [ResponseBatch.type, "warren-marker"])
            }
            try await stage.close()
        }

        @Test("that come to a session which has closed their mailbox go on to the mailbox")
        func forwarded() async throws {
            let scene = try await Scene()
            let user = try await scene.user("one")
            let (first, second) =
                (try await user.registerAgent(AgentType("A")), try await user.registerAgent(AgentType("B")))
            try await ForeignClient.run(in: scene) { foreign in
                let session = try await foreign.session(of: user, in: scene)
                let responses = try [first, second].map {
                    try Request(from: .agent($0.agentID), to: user.id, .ping).response()
                }
                let bytes = responses.reduce(0) { $0 + (ResponseBatch.size(of: $1) ?? 0) }
                let publication = Publication(
                    exchange: scene.name("replies"),
                    routingKey: session,
                    properties: ResponseBatch.properties(),
                    body: ResponseBatch.encode(responses, bytes: bytes),
                    mandatory: true
                )
                try await foreign.channel.publish(publication, deadline: .soon)
                for (registration, response) in zip([first, second], responses) {
                    #expect(try await scene.receive(1, by: registration) == [.response(response)])
                }
                try await scene.expectLoad(.empty, of: String(session.dropFirst(scene.name("").count)))
            }
            await user.close()
        }
    }
}

/// An agent that holds every request until it is let go.
private struct HeldStage {
    let scene: Scene
    let user: UserExchangeClient
    let registration: AgentRegistration
    let agent: AgentExchangeClient
    private let gate: Gate
    private let waiting: Monitor<Int>

    init(on broker: PrivateBroker? = nil) async throws {
        scene = try await Scene(on: broker)
        user = try await scene.user("one")
        registration = try await user.registerAgent(AgentType("Clerk"))
        let (gate, waiting) = (Gate(), Monitor(0))
        (self.gate, self.waiting) = (gate, waiting)
        agent = try await scene.exchange("two").makeAgentClient(registration) { request, _ in
            guard case .action(_, let arguments) = request.body else { return request.response() }
            waiting.update { $0 += 1 }
            await gate.pass()
            let isLarge = arguments.payload.bytes == Data("a large one".utf8)
            return try request.response(encoding: String(repeating: "x", count: isLarge ? 20_000 : 300))
        }
    }

    /// The routing key of the mailbox.
    var key: String { "agent.\(registration.agentID.uuid.uuidString.lowercased())" }

    /// A request of a foreign program.
    func request(_ replyTo: String, _ together: Int64?) -> MessageProperties {
        var properties = BadMessage.goodProperties(to: agent.id, replyTo: replyTo)
        properties.headers[Header.together] = together.map { .int64($0) }
        return properties
    }

    /// Lets all requests go as soon as there are so many. So many answers, those that may be joined, are ready together.
    func letGo(_ count: Int, ready: Int) async throws {
        try await waiting.wait(for: "\(count) requests", timeout: .seconds(30)) { $0 == count ? true : nil }
        try agent.holdAnswers(until: ready)
        gate.open()
    }

    /// Lets all requests go, and calls a function while so many answers are ready and none is published.
    func letGo(_ count: Int, then body: (Session) -> Void) async throws {
        try await waiting.wait(for: "\(count) requests", timeout: .seconds(30)) { $0 == count ? true : nil }
        let session = try #require((agent.transport as? RabbitMQTransport)?.session)
        let isOver = Monitor(false)
        session.link.atNextTurn {
            let end = ContinuousClock.now + .seconds(20)
            while !isOver.value, .now < end { usleep(1000) }
        }
        gate.open()
        try await eventually("\(count) ready answers") { session.ready.count == count ? true : nil }
        body(session)
        isOver.update { $0 = true }
    }

    func close() async throws {
        try await scene.expectLoad(.empty, of: key)
        await agent.close()
        await user.close()
    }
}

extension AgentExchangeClient {
    /// Holds the thread that publishes until so many answers are ready, for 20 s at most.
    fileprivate func holdAnswers(until count: Int) throws {
        let session = try #require((transport as? RabbitMQTransport)?.session)
        session.link.atNextTurn { [ready = session.ready] in
            let end = ContinuousClock.now + .seconds(20)
            while ready.count < count, .now < end { usleep(1000) }
        }
    }
}

extension Scene {
    /// Opens the mailbox of an agent for as long as it takes to receive so many messages.
    fileprivate func receive(_ count: Int, by registration: AgentRegistration) async throws -> [Message] {
        let transport = try await exchange("three").makeAgentTransport(registration)
        var messages: [Message] = []
        while messages.count < count { messages.append(try await transport.receive(timeout: .seconds(30))) }
        await transport.close()
        return messages
    }
}

extension ForeignClient {
    /// The queue of the session of a user, which is also its routing key.
    fileprivate func session(of user: UserExchangeClient, in scene: Scene) async throws -> String {
        let key = "control.user.\(user.id.uuid.uuidString.lowercased())"
        let queue = try await scene.management.bindings().first { $0.routingKey.hasPrefix(key) }?.destination
        guard let queue else { throw ExchangeError(.internal, "no session of \(user.id)") }
        return queue
    }

    /// A queue that gets a copy of all that comes to the session of a user.
    fileprivate func tap(of user: UserExchangeClient, in scene: Scene) async throws -> String {
        let (session, queue) = (try await session(of: user, in: scene), scene.name("copies.\(UUID().uuidString)"))
        try await channel.declareQueue(QueueDeclaration(name: queue), deadline: .soon)
        try await channel.bind(.queue(queue), to: scene.name("replies"), routingKey: session, deadline: .soon)
        return queue
    }

    /// Takes so many messages out of a queue, as they come.
    fileprivate func collect(_ count: Int, from queue: String) async throws -> [Delivery] {
        var taken: [Delivery] = []
        while taken.count < count {
            let delivery = try await eventually("message \(taken.count + 1) in \(queue)", timeout: .seconds(30)) {
                try await channel.get(queue, deadline: .soon)
            }
            delivery.acknowledge()
            taken.append(delivery)
        }
        return taken
    }

    /// Takes messages until they have so many answers. Returns how many messages there were, and the tags.
    fileprivate func answers(
        in queue: String,
        count: Int,
        largest: Int = ResponseBatch.maximumBytes
    ) async throws -> (messages: Int, tags: [String]) {
        var (messages, tags): (Int, [String]) = (0, [])
        while tags.count < count {
            guard let delivery = try await collect(1, from: queue).first else { break }
            messages += 1
            guard delivery.properties.type == ResponseBatch.type else {
                if delivery.properties.type?.hasSuffix("-response") == true {
                    tags.append(delivery.properties.correlationID ?? "")
                }
                continue
            }
            #expect(delivery.body.count <= largest)
            let (responses, flaw) = try ResponseBatch.decode(delivery.properties, body: delivery.body)
            #expect(flaw == nil && responses.count > 1)
            tags += responses.map { $0.tag.uuidString.lowercased() }
        }
        return (messages, tags)
    }
}
