/// The queues and exchanges of a namespace on the broker.
public struct NamespaceContents: Sendable, Hashable {
    /// A queue or stream.
    public struct Queue: Sendable, Hashable {
        /// Its name, which begins with `warren.<namespace>.`.
        public let name: String

        /// Messages that wait in it, as far as the broker reports; for a stream it reports little.
        public let messages: Int

        /// Attached receivers. Readers of the directory do not count: each inspection of a namespace is one.
        public let consumers: Int
    }

    /// The queues and streams of mailboxes, and those that all sessions share. With the facts of the management plugin
    /// also those of sessions.
    public let queues: [Queue]

    /// The exchanges.
    public let exchanges: [String]

    /// Whether the namespace is empty.
    public var isEmpty: Bool { queues.isEmpty && exchanges.isEmpty }

    /// All attached receivers: running agents and users, and sessions that answer dead letters.
    public var consumers: Int { queues.reduce(0) { $0 + $1.consumers } }
}
