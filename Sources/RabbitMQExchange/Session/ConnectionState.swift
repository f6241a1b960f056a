public import AgentExchange

/// The state of a process's connection to the broker of an exchange.
public enum ConnectionState: Sendable, Hashable {
    /// No transport or client of the exchange is open in this process, so nothing is connected.
    case idle
    /// Both connections are open, and every mailbox receives.
    case connected
    /// A connection was lost, for the reason in the code, and is being restored. Calls wait until their deadline.
    case reconnecting(ExchangeError.Code)
    /// The broker refuses this process: its user or its virtual host no longer exists, or its password was changed.
    /// Calls fail at once with this code. The connection is retried now and then.
    case refused(ExchangeError.Code)
}

/// The states of a process's connection to one exchange, beginning with the current one.
///
/// The sequence does not end by itself: it continues while transports come and go. A slow reader misses old states, but
/// never the newest.
public struct ConnectionStates: AsyncSequence, Sendable {
    let stream: AsyncStream<ConnectionState>

    /// Pulls the states.
    public func makeAsyncIterator() -> AsyncStream<ConnectionState>.Iterator { stream.makeAsyncIterator() }
}
