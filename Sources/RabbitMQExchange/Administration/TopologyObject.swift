/// An object that a namespace needs on the broker, and its state.
public struct TopologyObject: Sendable, Hashable {
    /// The kind of the object.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// An exchange.
        case exchange
        /// A queue.
        case queue
        /// A binding from an exchange to a queue.
        case binding
    }

    /// The state of the object.
    public enum State: String, Sendable, Hashable, Codable {
        /// The object exists as it should.
        case present
        /// No object with this name exists.
        case missing
        /// An object with other properties exists; no session can be opened.
        case different
        /// The object exists, made by an older version, and works. See ``ExchangeAdministration/migrate()``.
        case older
        /// The object exists, but this user may not compare its properties (no `configure` permission).
        case notCompared
        /// The object is a binding, which AMQP can't read, and the management plugin was not asked.
        case unknown
    }

    /// The kind of the object.
    public let kind: Kind

    /// The name of the object; for a binding the name of its exchange.
    public let name: String

    /// The specification: the type of an exchange or queue; the queue and the routing key of a binding.
    public let wanted: String

    /// The state of the object.
    public let state: State

    /// The broker's text about the difference.
    public let detail: String?
}

extension Sequence<TopologyObject> {
    /// Whether none of the shared objects exists: the namespace was not used yet, and its first session creates them.
    public var areUnused: Bool {
        allSatisfy { $0.kind == .binding || $0.state == .missing }
    }
}
