#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A message from a queue. It stays unacknowledged until it is acknowledged or rejected, or its channel ends; then the
/// broker gives it to another consumer, with ``redelivered`` set.
public struct Delivery: Sendable {
    /// The consumer it came for; empty after a `get`.
    public let consumerTag: String
    /// Its number on the channel.
    public let deliveryTag: UInt64
    /// Whether it was delivered before; it may then have been processed.
    public let redelivered: Bool
    /// The exchange it was published to.
    public let exchange: String
    /// The routing key it was published with.
    public let routingKey: String
    /// The properties.
    public let properties: MessageProperties
    /// The payload.
    public let body: Data
    /// Messages left in the queue, after a `get` only.
    public let remaining: Int?
    /// The channel it came through.
    public let channel: Channel

    init?(_ content: Content, channel: Channel) {
        switch content.method {
        case .deliver(let consumerTag, let deliveryTag, let redelivered, let exchange, let routingKey):
            self.consumerTag = consumerTag
            self.deliveryTag = deliveryTag
            self.redelivered = redelivered
            self.exchange = exchange
            self.routingKey = routingKey
            remaining = nil
        case .getOk(let deliveryTag, let redelivered, let exchange, let routingKey, let remaining):
            consumerTag = ""
            self.deliveryTag = deliveryTag
            self.redelivered = redelivered
            self.exchange = exchange
            self.routingKey = routingKey
            self.remaining = remaining
        case .returned: return nil
        }
        properties = content.properties
        body = content.body
        self.channel = channel
    }

    /// Tells the broker that the message is done. Takes effect soon after; on a channel that ended it has none.
    public func acknowledge() {
        channel.acknowledge(deliveryTag)
    }

    /// Gives the message back to the queue, or else drops or dead-letters it.
    public func reject(requeue: Bool) {
        channel.reject(deliveryTag, requeue: requeue)
    }
}
