import AMQP
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

/// A user of a private broker who has exactly the permissions of one role in one namespace.
struct RoleUser: Sendable {
    let name: String
    let scene: Scene
    static let password = "hunter2-" + UUID().uuidString

    /// Makes the user, with what `warren topology --format permissions --user NAME` prints.
    init(_ role: RolePermissions.Role, in scene: Scene) async throws {
        self.scene = scene
        name = "\(role.rawValue)-\(UUID().uuidString.prefix(8).lowercased())"
        let permissions = try #require(try scene.exchange().permissions(of: name).first { $0.role == role })
        let broker = scene.broker
        try await broker.control("add_user", name, Self.password)
        try await broker.control(
            "set_permissions",
            name,
            permissions.configure,
            permissions.write,
            permissions.read
        )
        for topic in permissions.topics {
            try await broker.control("set_topic_permissions", name, topic.exchange, topic.write, topic.read)
        }
    }

    /// A factory of this user, in the namespace of its permissions or another.
    func exchange(
        in other: Scene? = nil,
        configure: (inout RabbitMQConfiguration) -> Void = { _ in }
    ) throws -> RabbitMQExchange {
        var configuration = scene.configuration
        configuration.connectionName = "\(name) in \((other ?? scene).namespace)"
        configure(&configuration)
        return try scene.onItsWay(
            RabbitMQExchange(
                url: "amqp://\(name):\(Self.password)@127.0.0.1:\(scene.broker.port)",
                namespace: (other ?? scene).namespace,
                configuration: configuration,
                logger: scene.log.logger
            )
        )
    }

    /// A connection of this user to the broker itself.
    func connect() async throws -> Connection {
        let url = "amqp://\(name):\(Self.password)@127.0.0.1:\(scene.broker.port)"
        let connection = Connection(configuration: try ConnectionConfiguration(url: url), logger: scene.log.logger)
        try await connection.open()
        return connection
    }

    /// The name of a queue for answers that this user may make, which is also its routing key.
    func sessionQueue() -> String { scene.name("session.\(Wall(user: name).uuid().uuidString.lowercased())") }

    /// Removes the user, and closes its connections.
    func remove() async throws {
        try await scene.broker.control("delete_user", name)
    }
}
