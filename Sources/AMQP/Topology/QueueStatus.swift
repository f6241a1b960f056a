/// What the broker says about a queue when it is declared.
public struct QueueStatus: Sendable, Hashable {
    /// The name, also when the broker chose it.
    public let name: String
    /// Messages that are ready for delivery; unacknowledged ones do not count. Unreliable for streams.
    public let messageCount: Int
    /// Consumers of the queue.
    public let consumerCount: Int

    /// Creates a status.
    public init(name: String, messageCount: Int, consumerCount: Int) {
        self.name = name
        self.messageCount = messageCount
        self.consumerCount = consumerCount
    }
}
