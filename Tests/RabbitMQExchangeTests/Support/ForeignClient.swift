import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation

/// A program that knows AMQP and nothing of this library.
struct ForeignClient: Sendable {
    let connection: Connection
    let channel: Channel
    private let scene: Scene

    /// Runs `body` with a client of its own connection.
    static func run<Result>(
        in scene: Scene,
        _ body: (ForeignClient) async throws -> Result
    ) async throws -> Result {
        var configuration = try ConnectionConfiguration(url: scene.broker.amqpURL)
        configuration.name = "foreign"
        let connection = Connection(configuration: configuration, logger: scene.log.logger)
        do {
            try await connection.open()
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let result = try await body(ForeignClient(connection: connection, channel: channel, scene: scene))
            await connection.close(timeout: .seconds(5))
            return result
        } catch {
            await connection.close(timeout: .seconds(5))
            throw error
        }
    }

    /// Publishes to the mailboxes, or wherever the name says, with a confirm.
    func publish(
        _ properties: MessageProperties,
        _ body: String = "",
        to key: String,
        through exchange: String = "mailboxes"
    ) async throws {
        let publication = Publication(
            exchange: scene.name(exchange),
            routingKey: key,
            properties: properties,
            body: Data(body.utf8),
            mandatory: true
        )
        try await channel.publish(publication, deadline: .soon)
    }

    /// Makes a queue that answers can be sent to, and returns its name, which is also its key.
    func replyQueue() async throws -> String {
        let queue = scene.name("session.\(UUID().uuidString.lowercased())")
        try await channel.declareQueue(QueueDeclaration(name: queue), deadline: .soon)
        try await channel.bind(.queue(queue), to: scene.name("mailboxes"), routingKey: queue, deadline: .soon)
        return queue
    }

    /// Takes everything out of a queue.
    func take(from queue: String) async throws -> [Delivery] {
        var taken: [Delivery] = []
        while let delivery = try await channel.get(queue, deadline: .soon) {
            delivery.acknowledge()
            taken.append(delivery)
        }
        return taken
    }
}

extension Deadline {
    /// Long enough for anything that works.
    static var soon: Deadline { .after(.seconds(30)) }
}
