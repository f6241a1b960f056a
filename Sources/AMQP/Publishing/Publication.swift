#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A message to publish to an exchange.
public struct Publication: Sendable, Hashable {
    /// The exchange; the empty name is the default exchange, which routes to the queue named by the routing key.
    public var exchange: String
    /// The routing key, at most 255 bytes.
    public var routingKey: String
    /// The properties.
    public var properties: MessageProperties
    /// The payload.
    public var body: Data
    /// Whether the broker must return the message when no queue takes it.
    public var mandatory: Bool

    /// Creates a publication.
    public init(
        exchange: String,
        routingKey: String,
        properties: MessageProperties = MessageProperties(),
        body: Data,
        mandatory: Bool = false
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
        self.mandatory = mandatory
    }
}
