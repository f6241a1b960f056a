/// An exchange, as the broker lists it.
public struct BrokerExchange: Sendable, Hashable, Decodable {
    /// Its name; the default exchange has an empty one.
    public let name: String
    /// `direct`, `topic`, `fanout`, `headers`, or a type of a plugin.
    public let type: String
    /// Whether it outlives a restart of the broker.
    public let isDurable: Bool
    /// The arguments it was declared with.
    public let arguments: [String: JSONValue]

    private enum CodingKeys: String, CodingKey {
        case name
        case type
        case isDurable = "durable"
        case arguments
    }

    /// Reads a row of `rabbitmqctl`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        type = try container.decode(String.self, forKey: .type)
        isDurable = try container.decode(Bool.self, forKey: .isDurable)
        arguments = try container.decodeIfPresent(JSONValue.self, forKey: .arguments)?.fields ?? [:]
    }
}
