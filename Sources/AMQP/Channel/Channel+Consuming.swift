extension Channel {
    /// Takes one message from a queue, or `nil` when none is ready. The message must be acknowledged.
    ///
    /// A message that arrives after the deadline is given back to the queue.
    ///
    /// - Throws: `notFound`, `resourceLocked` (also for every queue with a single active consumer), `timedOut`,
    ///   `cancelled`, or the error of the channel or connection when that ends meanwhile.
    public func get(_ queue: String, deadline: Deadline) async throws(AMQPError) -> Delivery? {
        guard case .message(let content) = try await request(.basicGet(queue: queue), .get, deadline) else {
            throw .unexpectedReply
        }
        return content.flatMap { Delivery($0, channel: self) }
    }

    /// Starts a consumer with a prefetch limit of its own.
    ///
    /// - Throws: `unsupported` for a prefetch outside of 1 to 65,535 or a tag that is in use on the channel; `notFound`,
    ///   `accessRefused` (an exclusive consumer exists), `timedOut`, `cancelled`, or the error of the channel or
    ///   connection when that ends meanwhile. A consumer that starts after the deadline is cancelled again.
    public func consume(_ declaration: ConsumerDeclaration, deadline: Deadline) async throws(AMQPError) -> Consumer {
        try await consume(declaration, keepingWithin: nil, deadline: deadline)
    }

    /// The same; of deliveries that there is no room for only the headers are kept.
    package func consume(
        _ declaration: ConsumerDeclaration,
        keepingWithin window: ReceiveWindow?,
        deadline: Deadline
    ) async throws(AMQPError) -> Consumer {
        let buffer = DeliveryBuffer()
        let consumer = try await consume(declaration, into: buffer, keepingWithin: window, deadline: deadline)
        return Consumer(tag: consumer.tag, channel: self, buffer: buffer)
    }

    /// Starts a consumer that passes its deliveries to a sink on the connection's own thread, which saves each batch a
    /// change of threads. Deliveries may arrive before this returns.
    ///
    /// - Throws: As ``consume(_:deadline:)``.
    public func consume(
        _ declaration: ConsumerDeclaration,
        into sink: any DeliverySink,
        deadline: Deadline
    ) async throws(AMQPError) -> PushedConsumer {
        try await consume(declaration, into: sink, keepingWithin: nil, deadline: deadline)
    }

    /// The same; of deliveries that there is no room for only the headers are kept.
    package func consume(
        _ declaration: ConsumerDeclaration,
        into sink: any DeliverySink,
        keepingWithin window: ReceiveWindow?,
        deadline: Deadline
    ) async throws(AMQPError) -> PushedConsumer {
        guard (1...65_535).contains(declaration.prefetch) else {
            throw AMQPError(code: .unsupported, delivery: .notSent, message: "The prefetch must be 1 to 65,535.")
        }
        var declaration = declaration
        if declaration.tag.isEmpty { declaration.tag = "consumer-\(connection.shared.nextID())" }
        let ready = declaration
        try OutgoingMethod.basicConsume(ready).validate(frameMax: frameMax)
        let target = DeliveryTarget(sink: sink, channel: self, window: window)
        _ = try await connection.shared.request(.consume(key, ready, target), deadline)
        return PushedConsumer(tag: ready.tag, channel: self)
    }

    /// Acknowledges a delivery, soon after the call. Consecutive tags share a frame.
    ///
    /// A tag that is not outstanding, and any tag of a channel that ended, is ignored: AMQP has no reply to an
    /// acknowledgement.
    ///
    /// - Parameters:
    ///   - deliveryTag: The number of the delivery on this channel.
    ///   - multiple: Whether it includes all earlier deliveries of the channel.
    public func acknowledge(_ deliveryTag: UInt64, multiple: Bool = false) {
        _ = connection.shared.thread.submissions.submit(
            .settle(key, tag: deliveryTag, multiple: multiple, .acknowledge)
        )
    }

    /// Acknowledges a delivery for a caller that holds a lock. The caller signals the returned descriptor after
    /// releasing it.
    package func placeAcknowledgement(of deliveryTag: UInt64) -> WakeDescriptor? {
        connection.shared.thread.submissions.place(.settle(key, tag: deliveryTag, multiple: false, .acknowledge)).wake
    }

    /// Refuses a delivery, soon after the call.
    ///
    /// - Parameters:
    ///   - deliveryTag: The number of the delivery on this channel.
    ///   - requeue: Whether it goes back to its queue; otherwise it is dead-lettered or dropped.
    ///   - multiple: Whether it includes all earlier deliveries of the channel.
    public func reject(_ deliveryTag: UInt64, requeue: Bool, multiple: Bool = false) {
        _ = connection.shared.thread.submissions.submit(
            .settle(key, tag: deliveryTag, multiple: multiple, .reject(requeue: requeue))
        )
    }
}
