/// The deliveries of one consumer, pulled one by one.
///
/// The sequence ends after ``cancel(deadline:)``. It throws, after everything buffered was pulled, `consumerCancelled`
/// when the broker ended the consumer (its queue was deleted), the error of the channel or connection when that ended,
/// and `cancelled` when the pulling task is cancelled; buffered deliveries then stay, and another task can pull them.
/// The prefetch limits the number of buffered deliveries. Several tasks may pull; each delivery goes to one of them.
public struct Consumer: AsyncSequence, Sendable {
    /// The consumer tag.
    public let tag: String
    /// The channel the consumer lives on; acknowledgements go through it.
    public let channel: Channel
    let buffer: DeliveryBuffer

    /// Pulls deliveries.
    public struct Iterator: AsyncIteratorProtocol {
        let buffer: DeliveryBuffer

        /// Returns the next delivery, or `nil` after this process cancelled the consumer.
        public mutating func next() async throws(AMQPError) -> Delivery? {
            try await buffer.next()
        }

        /// The same as ``next()``.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(AMQPError) -> Delivery? {
            try await buffer.next()
        }
    }

    /// Makes an iterator. All iterators of a consumer share its deliveries.
    public func makeAsyncIterator() -> Iterator { Iterator(buffer: buffer) }

    /// Ends the consumer and waits until the broker has stopped delivering.
    ///
    /// - Parameter deadline: The time limit of the wait for the broker.
    /// - Returns: Deliveries that were received and never pulled; they are still unacknowledged.
    /// - Throws: `timedOut` without an answer, the error of the channel when it has ended.
    @discardableResult
    public func cancel(deadline: Deadline) async throws(AMQPError) -> [Delivery] {
        _ = try await channel.request(.basicCancel(tag: tag), .cancel(tag: tag), deadline)
        return buffer.drain()
    }
}
