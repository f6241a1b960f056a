internal import AMQP
internal import Foundation

/// The objects that all sessions of a namespace share, as definitions for `rabbitmqctl import_definitions` and the
/// management page. Encode it as JSON.
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

    init(_ topology: Topology, virtualHost: String) {
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
}
