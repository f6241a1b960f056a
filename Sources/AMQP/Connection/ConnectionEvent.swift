/// An event of a connection.
public enum ConnectionEvent: Sendable, Hashable {
    /// The broker stopped accepting messages because of a memory or disk alarm; publishes wait until their deadline.
    case blocked(reason: String)
    /// The alarm has ended.
    case unblocked
    /// The connection ended, without an error when this process closed it. The last event.
    case closed(AMQPError?)
}
