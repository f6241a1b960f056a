import ExchangeTestKit
import Testing

@Suite(
    "What a private broker says about itself",
    .enabled(if: PrivateBroker.isInstalled, "needs rabbitmq-server: sudo apt-get install rabbitmq-server")
)
struct BrokerManagementTests {
    @Test("queues, exchanges and bindings come with their properties and arguments")
    func topology() async throws {
        let broker = try await PrivateBroker.shared()
        let name = try await declareQueue(on: broker, arguments: #"[{<<"x-max-length">>, long, 5}]"#)
        let queue = try #require(try await broker.management.queue(name))
        #expect(queue.type == "classic")
        #expect(queue.isDurable)
        #expect(queue.arguments == ["x-max-length": .integer(5)])
        #expect(queue.ready == 0)
        #expect(queue.unacknowledged == 0)
        #expect(queue.consumers == 0)
        #expect(try await broker.management.queue("no such queue") == nil)

        let exchanges = try await broker.management.exchanges()
        #expect(exchanges.contains { $0.name == "amq.topic" && $0.type == "topic" && $0.isDurable })
        let bindings = try await broker.management.bindings()
        #expect(bindings.contains { $0.source.isEmpty && $0.destination == name && $0.routingKey == name })
    }

    @Test("connections come with what the client said about itself, and consumers with their queue")
    func clients() async throws {
        let broker = try await PrivateBroker.shared()
        let name = try await declareQueue(on: broker, arguments: "[]")
        let client = try RawClient(port: broker.port, name: name)
        try client.consume(name, tag: "a tag")
        let connection = try await eventually("the connection is listed") {
            try await broker.management.connections().first { $0.clientProperties["connection_name"]?.string == name }
        }
        #expect(connection.user == "guest")
        #expect(connection.virtualHost == "/")
        #expect(connection.clientProperties["capabilities"]?["basic.nack"]?.bool == true)
        let consumer = try #require(try await broker.management.consumers().first { $0.queue == name })
        #expect(consumer.tag == "a tag")
        #expect(consumer.acknowledges)
        #expect(consumer.isActive == true)
        #expect(try await broker.management.queue(name)?.consumers == 1)
        withExtendedLifetime(client) {}
    }

    private func declareQueue(on broker: PrivateBroker, arguments: String) async throws -> String {
        let name = "kit.\(UInt64.random(in: .min ... .max))"
        try await broker.control(
            "eval",
            "rabbit_amqqueue:declare(rabbit_misc:r(<<\"/\">>, queue, <<\"\(name)\">>), true, false, \(arguments), none, <<\"test\">>), ok."
        )
        return name
    }
}
