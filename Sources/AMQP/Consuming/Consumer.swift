/// The deliveries of one consumer, pulled one by one.
///
/// The sequence ends after ``cancel(deadline:)``. It throws, after everything buffered was pulled, `consumerCancelled`
/// when the broker ended the consumer (its queue was deleted), the error of the channel or connection when that ended,
/// and `cancelled` when the pulling task is cancelled; what is buffered then stays and can be pulled by another task.
/// At most as many deliveries are buffered as the prefetch allows. Several tasks may pull; each delivery goes to one.
public struct Consumer: AsyncSequence, Sendable {
    /// The consumer tag.
    public let tag: String
    /// The channel the consumer lives on; acknowledgements go through it.
    public let channel: Channel
    let buffer: DeliveryBuffer

    /// Pulls deliveries.
    public struct Iterator: AsyncIteratorProtocol {
        let channel: Channel
        let buffer: DeliveryBuffer

        /// The next delivery, or `nil` after the consumer was cancelled by this process.
        public mutating func next() async throws(AMQPError) -> Delivery? {
            while let content = try await buffer.next() {
                if let delivery = Delivery(content, channel: channel) { return delivery }
            }
            return nil
        }

        /// The same as ``next()``.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(AMQPError) -> Delivery? {
            while let content = try await buffer.next() {
                if let delivery = Delivery(content, channel: channel) { return delivery }
            }
            return nil
        }
    }

    /// An iterator; all iterators of a consumer share its deliveries.
    public func makeAsyncIterator() -> Iterator { Iterator(channel: channel, buffer: buffer) }

    /// Ends the consumer and waits until the broker has stopped delivering.
    ///
    /// - Parameter deadline: When to give up waiting for the broker.
    /// - Returns: What was delivered and never pulled; it is still unacknowledged.
    /// - Throws: `timedOut` without an answer, the error of the channel when it has ended.
    @discardableResult
    public func cancel(deadline: Deadline) async throws(AMQPError) -> [Delivery] {
        _ = try await channel.request(.basicCancel(tag: tag), .cancel(tag: tag), deadline)
        return buffer.drain().compactMap { Delivery($0, channel: channel) }
    }
}
