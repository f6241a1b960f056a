#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A message from a queue. It stays unacknowledged until it is acknowledged or rejected, or its channel ends; then the
/// broker delivers it to another consumer with ``redelivered`` set.
public struct Delivery: Sendable {
    /// Keeps a delivery as small as one reference: it is passed on many times before it is acknowledged.
    private final class Parts: Sendable {
        let content: Content
        let channel: Channel

        init(_ content: Content, _ channel: Channel) {
            self.content = content
            self.channel = channel
        }
    }

    private let parts: Parts

    /// Its number on the channel.
    public let deliveryTag: UInt64
    /// Whether it was delivered before, and so may have been processed.
    public let redelivered: Bool

    /// The tag of its consumer; empty after a `get`.
    public var consumerTag: String {
        if case .deliver(let consumerTag, _, _, _, _) = parts.content.method { consumerTag } else { "" }
    }

    /// The exchange it was published to.
    public var exchange: String { parts.content.method.exchange }
    /// The routing key it was published with.
    public var routingKey: String { parts.content.method.routingKey }
    /// The properties.
    public var properties: MessageProperties { parts.content.properties }
    /// The payload.
    public var body: Data { parts.content.body }

    /// The size of a body that was left out because it exceeds `ConnectionConfiguration.maximumBodySize`; otherwise 0.
    public var omittedBytes: Int { parts.content.omitted }

    /// Messages left in the queue, after a `get` only.
    public var remaining: Int? {
        if case .getOk(_, _, _, _, let remaining) = parts.content.method { remaining } else { nil }
    }

    /// The channel it came through.
    public var channel: Channel { parts.channel }

    init?(_ content: Content, channel: Channel) {
        switch content.method {
        case .deliver(_, let deliveryTag, let redelivered, _, _), .getOk(let deliveryTag, let redelivered, _, _, _):
            self.deliveryTag = deliveryTag
            self.redelivered = redelivered
        case .returned: return nil
        }
        parts = Parts(content, channel)
    }

    /// Acknowledges the message, soon after the call. Does nothing on an ended channel.
    public func acknowledge() {
        channel.acknowledge(deliveryTag)
    }

    /// Requeues the message, or drops or dead-letters it.
    public func reject(requeue: Bool) {
        channel.reject(deliveryTag, requeue: requeue)
    }
}
