/// A queue, as the broker lists it.
public struct BrokerQueue: Sendable, Hashable, Decodable {
    /// Its name.
    public let name: String
    /// `classic`, `quorum` or `stream`.
    public let type: String
    /// Whether it outlives a restart of the broker.
    public let isDurable: Bool
    /// The `x-` arguments of its declaration. A list in them is not exact: `rabbitmqctl` prints it as a table.
    public let arguments: [String: JSONValue]
    /// The policy that applies to it.
    public let policy: String?
    /// Ready and unacknowledged messages; nil when the queue did not answer.
    public let messages: Int?
    /// Messages that wait for a consumer.
    public let ready: Int?
    /// Messages that a consumer holds.
    public let unacknowledged: Int?
    /// The number of its consumers.
    public let consumers: Int?
    /// The nodes with a copy of it; empty for a classic queue.
    public let members: [String]
    /// The nodes in ``members`` with an online copy.
    public let online: [String]
    /// The leader's node; `nil` for a classic queue, and while there is none.
    public let leader: String?

    private enum CodingKeys: String, CodingKey {
        case name
        case type
        case isDurable = "durable"
        case arguments
        case policy
        case messages
        case ready = "messages_ready"
        case unacknowledged = "messages_unacknowledged"
        case consumers
        case members
        case online
        case leader
    }

    /// Reads a row of `rabbitmqctl`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        type = try container.decode(String.self, forKey: .type)
        isDurable = try container.decode(Bool.self, forKey: .isDurable)
        arguments = try container.decodeIfPresent(JSONValue.self, forKey: .arguments)?.fields ?? [:]
        policy = try? container.decode(String.self, forKey: .policy)
        messages = try? container.decode(Int.self, forKey: .messages)
        ready = try? container.decode(Int.self, forKey: .ready)
        unacknowledged = try? container.decode(Int.self, forKey: .unacknowledged)
        consumers = try? container.decode(Int.self, forKey: .consumers)
        members = (try? container.decode([String].self, forKey: .members)) ?? []
        online = (try? container.decode([String].self, forKey: .online)) ?? []
        leader = (try? container.decode(String.self, forKey: .leader)).flatMap { $0.isEmpty ? nil : $0 }
    }
}
