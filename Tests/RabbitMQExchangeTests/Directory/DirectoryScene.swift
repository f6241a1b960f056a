import AMQP
import AgentExchange
import Foundation

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

extension UserExchangeClient {
    /// The session below.
    var session: Session? { (transport as? RabbitMQTransport)?.session }
}
