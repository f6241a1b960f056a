/// What happens to a connection besides the calls on it.
public enum ConnectionEvent: Sendable, Hashable {
    /// The broker stopped taking messages because of a memory or disk alarm; publishes wait until their deadline.
    case blocked(reason: String)
    /// The alarm is over.
    case unblocked
    /// The connection ended; without an error when this process closed it. The last event.
    case closed(AMQPError?)
}

extension AMQPError: Hashable {
    /// Hashes what `==` compares, without the text.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(delivery)
        hasher.combine(replyCode)
    }
}
