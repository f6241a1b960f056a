/// An exchange to declare.
public struct ExchangeDeclaration: Sendable, Hashable {
    /// The name, at most 255 bytes; names that start with `amq.` are the broker's.
    public var name: String
    /// How the exchange routes.
    public var kind: ExchangeKind
    /// Whether it survives a restart of the broker.
    public var durable: Bool
    /// Whether the broker deletes it when its last binding goes.
    public var autoDelete: Bool
    /// Whether only other exchanges may publish to it.
    public var `internal`: Bool
    /// Whether only to check that it exists; a missing one closes the channel with 404.
    public var passive: Bool
    /// Arguments such as `alternate-exchange`.
    public var arguments: FieldTable

    /// Creates a declaration of a durable exchange unless said otherwise.
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
