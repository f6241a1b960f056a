/// Something that a namespace needs on the broker, and whether it is there.
public struct TopologyObject: Sendable, Hashable {
    /// What it is.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// An exchange.
        case exchange
        /// A queue.
        case queue
        /// A binding from an exchange to a queue.
        case binding
    }

    /// Whether it is there.
    public enum State: String, Sendable, Hashable, Codable {
        /// It is there, as it should be.
        case present
        /// There is none of this name.
        case missing
        /// There is one with other properties; no session can be opened.
        case different
        /// It is there, made by an older version, and works. See ``ExchangeAdministration/migrate()``.
        case older
        /// It is there, but this user may not compare its properties (no `configure` permission).
        case notCompared
        /// AMQP has no way to look at it (bindings), and nobody asked the management plugin.
        case unknown
    }

    /// What it is.
    public let kind: Kind

    /// Its name; of a binding the name of the exchange.
    public let name: String

    /// What it should be: the type of an exchange or queue; of a binding the queue and the routing key.
    public let wanted: String

    /// Whether it is there.
    public let state: State

    /// What the broker says about the difference.
    public let detail: String?
}

extension Sequence<TopologyObject> {
    /// Whether none of what all sessions share is there: the namespace was not used yet, and its first session makes them.
    public var areUnused: Bool {
        allSatisfy { $0.kind == .binding || $0.state == .missing }
    }
}
