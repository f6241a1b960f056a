internal import AMQP
internal import Foundation

/// The objects that all sessions of a namespace share, and the broker users of its roles if wanted, as definitions for
/// `rabbitmqctl import_definitions` and the management page. Encode it as JSON.
///
/// No definition has a password or the hash of one.
public struct BrokerDefinitions: Sendable, Encodable {
    /// The arguments of shared objects are strings and numbers.
    private enum Argument: Encodable {
        case text(String)
        case number(Int64)

        init?(_ value: FieldValue) {
            if let text = value.stringValue {
                self = .text(text)
            } else if let number = value.integerValue {
                self = .number(number)
            } else {
                return nil
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            }
        }
    }

    private struct Exchange: Encodable {
        let name: String
        let vhost: String
        let type: String
        let durable: Bool
        let autoDelete: Bool
        let `internal`: Bool
        let arguments: [String: Argument]

        enum CodingKeys: String, CodingKey {
            case name, vhost, type, durable, `internal`, arguments
            case autoDelete = "auto_delete"
        }
    }

    private struct Queue: Encodable {
        let name: String
        let vhost: String
        let durable: Bool
        let autoDelete: Bool
        let arguments: [String: Argument]

        enum CodingKeys: String, CodingKey {
            case name, vhost, durable, arguments
            case autoDelete = "auto_delete"
        }
    }

    private struct Binding: Encodable {
        let source: String
        let vhost: String
        let destination: String
        let destinationType = "queue"
        let routingKey: String
        let arguments: [String: String] = [:]

        enum CodingKeys: String, CodingKey {
            case source, vhost, destination, arguments
            case destinationType = "destination_type"
            case routingKey = "routing_key"
        }
    }

    private let exchanges: [Exchange]
    private let queues: [Queue]
    private let bindings: [Binding]
    private let access: DefinedAccess?

    private enum CodingKeys: String, CodingKey {
        case vhosts, users, permissions, policies, exchanges, queues, bindings
        case topicPermissions = "topic_permissions"
    }

    /// Encodes the definitions.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(access?.vhosts, forKey: .vhosts)
        try container.encodeIfPresent(access?.users, forKey: .users)
        try container.encodeIfPresent(access?.permissions, forKey: .permissions)
        try container.encodeIfPresent(access?.topicPermissions, forKey: .topicPermissions)
        try container.encodeIfPresent(access?.policies, forKey: .policies)
        try container.encode(exchanges, forKey: .exchanges)
        try container.encode(queues, forKey: .queues)
        try container.encode(bindings, forKey: .bindings)
    }

    init(_ topology: Topology, virtualHost: String, access: DefinedAccess? = nil) {
        self.access = access
        exchanges = topology.exchanges.map {
            Exchange(
                name: $0.name,
                vhost: virtualHost,
                type: $0.kind.name,
                durable: $0.durable,
                autoDelete: $0.autoDelete,
                internal: $0.internal,
                arguments: Self.arguments($0.arguments)
            )
        }
        queues = topology.queues.map {
            Queue(
                name: $0.name,
                vhost: virtualHost,
                durable: $0.durable,
                autoDelete: $0.autoDelete,
                arguments: Self.arguments($0.arguments)
            )
        }
        bindings = topology.bindings.map {
            Binding(source: $0.exchange, vhost: virtualHost, destination: $0.queue, routingKey: $0.key)
        }
    }

    private static func arguments(_ table: FieldTable) -> [String: Argument] {
        Dictionary(uniqueKeysWithValues: table.compactMap { entry in Argument(entry.value).map { (entry.name, $0) } })
    }
}

extension RabbitMQExchange {
    /// The objects that all sessions of the namespace share, in a form that the broker imports. Needs no connection.
    public var definitions: BrokerDefinitions {
        BrokerDefinitions(Topology.shared(names).adding(.topics(names)), virtualHost: virtualHost)
    }

    /// Returns ``definitions`` with the virtual host, a broker user for each role, its permissions, and the policy of
    /// mailboxes. Needs no connection.
    ///
    /// The users have no password: the broker refuses each login with one until `rabbitmqctl change_password`. An import
    /// takes the passwords of users that exist already.
    ///
    /// - Parameter roles: The permissions of each user, out of ``permissions(of:)``. One user has one role.
    public func definitions(granting roles: [RolePermissions]) -> BrokerDefinitions {
        let access = DefinedAccess(roles, namespace: names.namespace, virtualHost: virtualHost)
        let topology = Topology.shared(names).adding(.topics(names))
        return BrokerDefinitions(topology, virtualHost: virtualHost, access: access)
    }
}
