/// Takes the deliveries of a consumer.
///
/// Both functions are called on the thread of the connection, which stands still meanwhile: they must not wait for anything.
public protocol DeliverySink: Sendable {
    /// Deliveries came, in their order.
    func received(_ deliveries: [Delivery])

    /// No more will come: after ``Subscription/cancel(deadline:)`` (`nil`), because the broker ended the consumer
    /// (`consumerCancelled`), or because the channel or the connection ended. Called once.
    func ended(_ error: AMQPError?)
}

/// A consumer whose deliveries go to a ``DeliverySink``.
public struct Subscription: Sendable {
    /// The consumer tag.
    public let tag: String
    /// The channel the consumer lives on; acknowledgements go through it.
    public let channel: Channel

    /// Ends the consumer and waits until the broker has stopped delivering. The sink has everything then.
    ///
    /// - Parameter deadline: When to give up waiting for the broker.
    /// - Throws: `timedOut` without an answer, the error of the channel when it has ended.
    public func cancel(deadline: Deadline) async throws(AMQPError) {
        _ = try await channel.request(.basicCancel(tag: tag), .cancel(tag: tag), deadline)
    }
}

/// Where the engine puts what it received for a consumer.
protocol ContentReceiver: Sendable {
    /// Takes a batch.
    func append(_ batch: [Content])
    /// Nothing more will come; `nil` is a normal end.
    func finish(_ error: AMQPError?)
}

/// Hands contents to a sink.
struct SinkReceiver: ContentReceiver {
    let sink: any DeliverySink
    let channel: Channel

    func append(_ batch: [Content]) {
        sink.received(batch.compactMap { Delivery($0, channel: channel) })
    }

    func finish(_ error: AMQPError?) {
        sink.ended(error)
    }
}
