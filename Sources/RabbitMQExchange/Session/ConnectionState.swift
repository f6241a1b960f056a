public import AgentExchange

/// How a process is connected to the broker of an exchange.
public enum ConnectionState: Sendable, Hashable {
    /// No transport or client of the exchange is open in this process, so nothing is connected.
    case idle
    /// Both connections are there, and everything is received.
    case connected
    /// A connection was lost, for the reason that the code tells, and is made again. Calls wait, until their deadline.
    case reconnecting(ExchangeError.Code)
    /// The broker refuses this process: its user or its virtual host is gone, or its password was changed. Calls fail at
    /// once with this code, and the broker is asked again now and then.
    case refused(ExchangeError.Code)
}

/// The states of the connections of a process to one exchange, beginning with the present one.
///
/// It has no end of its own: it goes on while transports come and go. A reader that is slow misses old states, never the
/// newest.
public struct ConnectionStates: AsyncSequence, Sendable {
    let stream: AsyncStream<ConnectionState>

    /// Pulls the states.
    public func makeAsyncIterator() -> AsyncStream<ConnectionState>.Iterator { stream.makeAsyncIterator() }
}
