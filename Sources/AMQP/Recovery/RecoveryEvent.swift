/// An event of a ``RecoveringConnection``.
public enum RecoveryEvent: Sendable, Hashable {
    /// The connection ended; another will be made.
    case lost(AMQPError)
    /// The connection was closed because its credentials expire soon, and is being made with new ones.
    case renewing
    /// The broker refuses this client: login refused, or no such virtual host. The login is retried at a slow pace.
    case refused(AMQPError)
    /// A new connection is open, and all objects of the old one are restored.
    case recovered(outage: Duration, attempts: Int)
    /// The broker stopped accepting messages because of an alarm.
    case blocked(reason: String)
    /// The alarm has ended, or its connection has.
    case unblocked
    /// This process closed the recovering connection. The last event.
    case closed
}

/// The state of a ``RecoveringConnection``.
public enum RecoveringConnectionState: Sendable, Hashable {
    /// A connection is open, with everything on it.
    case connected
    /// There is no connection, or not everything is restored; with the reason and the time of the loss.
    case recovering(AMQPError, since: ContinuousClock.Instant)
    /// There is no connection, because the broker refuses this client.
    case refused(AMQPError, since: ContinuousClock.Instant)
    /// This process closed the recovering connection, or never opened it.
    case closed
}
