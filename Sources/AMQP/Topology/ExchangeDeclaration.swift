/// An exchange to declare.
public struct ExchangeDeclaration: Sendable, Hashable {
    /// The name, at most 255 bytes; the broker reserves names that start with `amq.`.
    public var name: String
    /// The kind, which determines the routing.
    public var kind: ExchangeKind
    /// Whether it survives a restart of the broker.
    public var durable: Bool
    /// Whether the broker deletes it with its last binding.
    public var autoDelete: Bool
    /// Whether only other exchanges may publish to it.
    public var `internal`: Bool
    /// Whether only to check that it exists. A missing one closes the channel with 404.
    public var passive: Bool
    /// Arguments such as `alternate-exchange`.
    public var arguments: FieldTable

    /// Creates a declaration, by default of a durable exchange.
    public init(
        name: String,
        kind: ExchangeKind,
        durable: Bool = true,
        autoDelete: Bool = false,
        internal: Bool = false,
        passive: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.name = name
        self.kind = kind
        self.durable = durable
        self.autoDelete = autoDelete
        self.internal = `internal`
        self.passive = passive
        self.arguments = arguments
    }
}
