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
        let account: ReceivedBytes?

        init(_ content: Content, _ channel: Channel, _ account: ReceivedBytes?) {
            self.content = content
            self.channel = channel
            self.account = account
            account?.take(content.body.count)
        }

        deinit {
            account?.release(content.body.count)
        }
    }

    private var parts: Parts

    /// Its number on the channel.
    public let deliveryTag: UInt64
    /// Whether it was delivered before, and so may have been processed.
    public package(set) var redelivered: Bool

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

    /// The size of a body that was left out because it exceeds `ConnectionConfiguration.maximumBodySize`, or because there was
    /// no room for it; otherwise 0.
    public var omittedBytes: Int { parts.content.omitted }

    /// Messages left in the queue, after a `get` only.
    public var remaining: Int? {
        if case .getOk(_, _, _, _, let remaining) = parts.content.method { remaining } else { nil }
    }

    /// The channel it came through.
    public var channel: Channel { parts.channel }

    /// - Parameter account: Counts the body until the delivery is released.
    init?(_ content: Content, channel: Channel, account: ReceivedBytes? = nil) {
        switch content.method {
        case .deliver(_, let deliveryTag, let redelivered, _, _), .getOk(let deliveryTag, let redelivered, _, _, _):
            self.deliveryTag = deliveryTag
            self.redelivered = redelivered
        case .returned: return nil
        }
        parts = Parts(content, channel, account)
    }

    /// The same delivery with its body left out; ``omittedBytes`` has its size.
    package var withoutBody: Delivery {
        var content = parts.content
        guard !content.body.isEmpty else { return self }
        content.omitted = content.body.count
        content.body = Data()
        var delivery = self
        delivery.parts = Parts(content, channel, parts.account)
        return delivery
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
