/// What happens to a ``Line``.
public enum LineEvent: Sendable, Hashable {
    /// The connection ended; another will be made.
    case lost(AMQPError)
    /// The connection was ended because its credentials end soon, and is made again with new ones.
    case renewing
    /// The broker does not want this client any more: login refused, virtual host gone. It is asked again slowly.
    case refused(AMQPError)
    /// A new connection is open, and everything that lived on the old one is there again.
    case recovered(outage: Duration, attempts: Int)
    /// The broker stopped taking messages because of an alarm.
    case blocked(reason: String)
    /// The alarm is over, or the connection it was about.
    case unblocked
    /// The line was closed by this process. The last event.
    case closed
}

/// How a ``Line`` is at a moment.
public enum LineState: Sendable, Hashable {
    /// There is a connection, and everything is there that should be on it.
    case connected
    /// There is none, or not everything yet; why, and since when.
    case recovering(AMQPError, since: ContinuousClock.Instant)
    /// There is none, because the broker does not want this client.
    case refused(AMQPError, since: ContinuousClock.Instant)
    /// It was closed by this process, or never opened.
    case closed
}
