/// A consumer, as the broker lists it.
public struct BrokerConsumer: Sendable, Hashable, Decodable {
    /// The queue it consumes.
    public let queue: String
    /// Its tag.
    public let tag: String
    /// Whether its deliveries must be acknowledged.
    public let acknowledges: Bool
    /// The number of deliveries that it may hold; 0 means any number.
    public let prefetch: Int
    /// `false` while it waits behind a single active consumer.
    public let isActive: Bool?
    /// Its arguments, such as `x-priority`.
    public let arguments: [String: JSONValue]

    private enum CodingKeys: String, CodingKey {
        case queue = "queue_name"
        case tag = "consumer_tag"
        case acknowledges = "ack_required"
        case prefetch = "prefetch_count"
        case isActive = "active"
        case arguments
    }

    /// Reads a row of `rabbitmqctl`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        queue = try container.decode(String.self, forKey: .queue)
        tag = try container.decode(String.self, forKey: .tag)
        acknowledges = try container.decode(Bool.self, forKey: .acknowledges)
        prefetch = try container.decode(Int.self, forKey: .prefetch)
        isActive = try? container.decode(Bool.self, forKey: .isActive)
        arguments = try container.decodeIfPresent(JSONValue.self, forKey: .arguments)?.fields ?? [:]
    }
}
