import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension Scene {
    /// The records of a stream of the directory, from its beginning until now, as a program in another language reads them.
    func records(of stream: String = "directory") async throws -> [MessageProperties] {
        try await ForeignClient.run(in: self) { client in
            let end = UUID().uuidString.lowercased()
            let declaration = ConsumerDeclaration(
                queue: name(stream),
                prefetch: 1000,
                arguments: ["x-stream-offset": "first"]
            )
            let consumer = try await client.channel.consume(declaration, deadline: .soon)
            try await client.publish(
                MessageProperties(correlationID: end, type: "fence"),
                to: "fence",
                through: "agents"
            )
            var records: [MessageProperties] = []
            for try await delivery in consumer {
                delivery.acknowledge()
                if delivery.properties.correlationID == end { break }
                records.append(delivery.properties)
            }
            return records
        }
    }

    /// Publishes records as another program does, each group in its order, many groups at a time.
    ///
    /// - Parameters:
    ///   - time: What they say of when they happened.
    ///   - isCopy: Whether a compaction seems to write them.
    func write(_ groups: [[Announcement]], time: UInt64, isCopy: Bool = false) async throws {
        try await ForeignClient.run(in: self) { client in
            for start in stride(from: 0, to: groups.count, by: 500) {
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for group in groups[start..<min(start + 500, groups.count)] {
                        tasks.addTask {
                            for record in group {
                                let publication = Publication(
                                    exchange: name("agents"),
                                    routingKey: record.routingKey(by: nil),
                                    properties: record.properties(time: time, isCopy: isCopy),
                                    body: record.body,
                                    mandatory: true
                                )
                                try await client.channel.publish(publication, deadline: .soon)
                            }
                        }
                    }
                    try await tasks.waitForAll()
                }
            }
        }
    }

    /// Ends the route of the directory's exchange to a stream, and leaves the binding in the list. The steps are the broker's:
    /// the binding is added again, and the deletion of the old one follows.
    func endRoute(to stream: String) async throws {
        let resource = { (kind: String, name: String) in "{resource, <<\"/\">>, \(kind), <<\"\(name)\">>}" }
        let exchange = resource("exchange", self.name("agents"))
        let binding = "{binding, \(exchange), <<\"#\">>, \(resource("queue", self.name(stream))), Arguments}"
        let expression = """
            {ok, X} = rabbit_exchange:lookup(\(exchange)),
            Bs = [B || \(binding) = B <- rabbit_binding:list_for_source(\(exchange))],
            true = Bs =/= [],
            case code:ensure_loaded(rabbit_db_topic_exchange) of
                {module, _} ->
                    [rabbit_db_topic_exchange:set(B) || B <- Bs],
                    rabbit_db_topic_exchange:delete(Bs);
                _ ->
                    Topic = rabbit_exchange_type_topic,
                    rabbit_misc:execute_mnesia_transaction(fun() ->
                        [Topic:add_binding(transaction, X, B) || B <- Bs],
                        Topic:remove_bindings(transaction, X, Bs)
                    end)
            end.
            """
        try await broker.control("eval", expression)
    }

    /// Publishes fences that nobody waits for.
    func writeFences(_ count: Int) async throws {
        try await ForeignClient.run(in: self) { client in
            for start in stride(from: 0, to: count, by: 2000) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in start..<min(start + 2000, count) {
                        group.addTask {
                            let id = UUID().uuidString.lowercased()
                            let properties = MessageProperties(correlationID: id, type: "fence")
                            try await client.publish(properties, to: "fence", through: "agents")
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }
}

extension Scene {
    /// The same namespace for sessions that wait 2 s for the records on their way while they compact.
    ///
    /// Each of their own records must be confirmed within that time, so other sessions prepare the namespace.
    var hasty: Scene {
        var scene = self
        scene.configuration.compactionGrace = .seconds(2)
        return scene
    }
}

/// Repeats a call of a hasty session while the broker does not confirm its record in time.
func patiently<Value>(_ body: () async throws -> Value) async throws -> Value {
    for _ in 0..<10 {
        do {
            return try await body()
        } catch let error as ExchangeError where error.code == .deadlineExceeded {
            continue
        }
    }
    return try await body()
}

extension UserExchangeClient {
    /// The session below.
    var session: Session? { (transport as? RabbitMQTransport)?.session }
}

extension UserExchangeClient {
    private struct Died: Error {}

    /// Compacts the directory in the session below.
    ///
    /// - Parameters:
    ///   - step: The step after which the compaction ends with an error.
    ///   - observe: Called after each step.
    func compact(
        dyingAfter step: CompactionStep? = nil,
        observe: @escaping @Sendable (CompactionStep) async throws -> Void = { _ in }
    ) async throws {
        let session = try #require(session)
        try await CompactionStep.$observer.withValue({ current in
            try await observe(current)
            if current == step { throw Died() }
        }) {
            let isDone = try await patiently { try await Compactor(session: session).compact() }
            #expect(isDone)
        }
    }
}

extension RoleUser {
    /// A client in a session of its own that waits 2 s for the records on their way while it compacts.
    func hasty(_ configure: (inout RabbitMQConfiguration) -> Void = { _ in }) async throws -> UserExchangeClient {
        try await eventually("a session that compacts") {
            try await exchange { configuration in
                configuration.compactionGrace = .seconds(2)
                configure(&configuration)
            }.makeUserClient()
        }
    }

    /// Publishes a record as this broker user.
    func announce(_ record: Announcement, isCopy: Bool = false) async throws {
        let connection = try await connect()
        let channel = try await connection.openChannel(confirms: true, deadline: .soon)
        var properties = record.properties(time: nil, isCopy: isCopy)
        properties.userID = name
        let publication = Publication(
            exchange: scene.name("agents"),
            routingKey: record.routingKey(by: Wall(user: name)),
            properties: properties,
            body: record.body,
            mandatory: true
        )
        try await channel.publish(publication, deadline: .soon)
        await connection.close(timeout: .seconds(5))
    }

    /// Registers an agent as an older session does: its UUID does not show the broker user.
    func registerOlder(_ type: AgentType) async throws -> AgentID {
        let agent = AgentID(name: "older")
        let connection = try await connect()
        let channel = try await connection.openChannel(confirms: true, deadline: .soon)
        let queue = scene.name("agent.\(agent.uuid.uuidString.lowercased())")
        try await channel.declareQueue(QueueDeclaration(name: queue), deadline: .soon)
        await connection.close(timeout: .seconds(5))
        try await announce(.registered(.agent(agent), lineage: type.lineage))
        return agent
    }
}
