/// An AMQP connection, as the broker lists it.
public struct BrokerConnection: Sendable, Hashable, Decodable {
    /// The Erlang process of the connection.
    public let id: String
    /// The user that logged in; empty before that.
    public let user: String
    /// The virtual host; `none` before it was opened.
    public let virtualHost: String
    /// `starting`, `running`, `flow`, `blocked` and so on.
    public let state: String
    /// The number of open channels.
    public let channels: Int
    /// The client's properties; `capabilities` is a table in them.
    public let clientProperties: [String: JSONValue]

    private enum CodingKeys: String, CodingKey {
        case id = "pid"
        case user
        case virtualHost = "vhost"
        case state
        case channels
        case clientProperties = "client_properties"
    }

    /// Reads a row of `rabbitmqctl`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        user = try container.decode(String.self, forKey: .user)
        virtualHost = try container.decode(String.self, forKey: .virtualHost)
        state = try container.decode(String.self, forKey: .state)
        channels = try container.decode(Int.self, forKey: .channels)
        clientProperties = try container.decodeIfPresent(JSONValue.self, forKey: .clientProperties)?.fields ?? [:]
    }
}
