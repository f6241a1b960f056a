/// What there is of a namespace on the broker.
public struct NamespaceContents: Sendable, Hashable {
    /// A queue or stream.
    public struct Queue: Sendable, Hashable {
        /// Its name, which begins with `warren.<namespace>.`.
        public let name: String

        /// Messages that wait in it, as far as the broker tells; of a stream it tells little.
        public let messages: Int

        /// Receivers that are attached. Readers of the directory do not count: each look at a namespace is one.
        public let consumers: Int
    }

    /// The queues and streams: of mailboxes, and what all sessions share. With what the management plugin tells also those
    /// of sessions.
    public let queues: [Queue]

    /// The exchanges.
    public let exchanges: [String]

    /// Whether there is nothing.
    public var isEmpty: Bool { queues.isEmpty && exchanges.isEmpty }

    /// All receivers that are attached: agents and users that run, and sessions that answer dead letters.
    public var consumers: Int { queues.reduce(0) { $0 + $1.consumers } }
}
