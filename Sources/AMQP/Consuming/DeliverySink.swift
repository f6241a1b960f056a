/// Takes the deliveries of a consumer.
///
/// Both functions are called on the connection's thread, which is blocked meanwhile: they must not wait.
public protocol DeliverySink: Sendable {
    /// Receives deliveries in order.
    func received(_ deliveries: [Delivery])

    /// Receives the end: after ``PushedConsumer/cancel(deadline:)`` (`nil`), when the broker ended the consumer
    /// (`consumerCancelled`), or when the channel or the connection ended. Called once.
    func ended(_ error: AMQPError?)
}

/// A consumer whose deliveries go to a ``DeliverySink``.
public struct PushedConsumer: Sendable {
    /// The consumer tag.
    public let tag: String
    /// The channel the consumer lives on; acknowledgements go through it.
    public let channel: Channel

    /// Ends the consumer and waits until the broker has stopped delivering. The sink has then received everything.
    ///
    /// - Parameter deadline: The time limit of the wait for the broker.
    /// - Throws: `timedOut` without an answer, the error of the channel when it has ended.
    public func cancel(deadline: Deadline) async throws(AMQPError) {
        _ = try await channel.request(.basicCancel(tag: tag), .cancel(tag: tag), deadline)
    }
}

/// The sink of a consumer that starts, on a channel.
struct DeliveryTarget: Sendable {
    let sink: any DeliverySink
    let channel: Channel
    /// Counts the bytes of bodies. A body beyond it is left out.
    let window: ReceiveWindow?

    /// Makes a delivery; `nil` of a content that is none.
    func delivery(_ content: Content) -> Delivery? {
        guard let window else { return Delivery(content, channel: channel) }
        guard content.body.isEmpty || window.hasRoom(for: content.body.count) else {
            return Delivery(content, channel: channel)?.withoutBody
        }
        return Delivery(content, channel: channel, account: window.account)
    }
}
