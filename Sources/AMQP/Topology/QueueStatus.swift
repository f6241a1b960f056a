/// The broker's reply to a queue declaration.
public struct QueueStatus: Sendable, Hashable {
    /// The name, including one that the broker chose.
    public let name: String
    /// Messages that are ready for delivery; unacknowledged ones do not count. Unreliable for streams.
    public let messageCount: Int
    /// The number of its consumers.
    public let consumerCount: Int

    /// Creates a status.
    public init(name: String, messageCount: Int, consumerCount: Int) {
        self.name = name
        self.messageCount = messageCount
        self.consumerCount = consumerCount
    }
}
