/// A binding, as the broker lists it.
public struct BrokerBinding: Sendable, Hashable, Decodable {
    /// The exchange; empty for the default exchange.
    public let source: String
    /// The queue or exchange that receives messages.
    public let destination: String
    /// `queue` or `exchange`.
    public let destinationKind: String
    /// The key or pattern.
    public let routingKey: String
    /// The arguments it was made with.
    public let arguments: [String: JSONValue]

    private enum CodingKeys: String, CodingKey {
        case source = "source_name"
        case destination = "destination_name"
        case destinationKind = "destination_kind"
        case routingKey = "routing_key"
        case arguments
    }

    /// Reads a row of `rabbitmqctl`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        source = try container.decode(String.self, forKey: .source)
        destination = try container.decode(String.self, forKey: .destination)
        destinationKind = try container.decode(String.self, forKey: .destinationKind)
        routingKey = try container.decode(String.self, forKey: .routingKey)
        arguments = try container.decodeIfPresent(JSONValue.self, forKey: .arguments)?.fields ?? [:]
    }
}
