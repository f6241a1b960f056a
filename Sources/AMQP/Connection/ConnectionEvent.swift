/// An event of a connection.
public enum ConnectionEvent: Sendable, Hashable {
    /// The broker stopped accepting messages because of a memory or disk alarm; publishes wait until their deadline.
    case blocked(reason: String)
    /// The alarm has ended.
    case unblocked
    /// The connection ended, without an error when this process closed it. The last event.
    case closed(AMQPError?)
}

extension AMQPError: Hashable {
    /// Hashes the parts that `==` compares, except the text.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(delivery)
        hasher.combine(replyCode)
    }
}
