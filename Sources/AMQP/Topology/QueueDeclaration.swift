/// A queue to declare.
public struct QueueDeclaration: Sendable, Hashable {
    /// The name, at most 255 bytes; if empty the broker chooses one.
    public var name: String
    /// Whether it survives a restart of the broker.
    public var durable: Bool
    /// Whether only this connection may use it. It is deleted with the connection.
    public var exclusive: Bool
    /// Whether the broker deletes it with its last consumer.
    public var autoDelete: Bool
    /// Whether only to check that it exists. A missing one closes the channel with 404.
    public var passive: Bool
    /// Arguments such as `x-queue-type`, `x-dead-letter-exchange`, `x-single-active-consumer`.
    public var arguments: FieldTable

    /// Creates a declaration, by default of a durable queue.
    public init(
        name: String,
        durable: Bool = true,
        exclusive: Bool = false,
        autoDelete: Bool = false,
        passive: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.name = name
        self.durable = durable
        self.exclusive = exclusive
        self.autoDelete = autoDelete
        self.passive = passive
        self.arguments = arguments
    }
}
