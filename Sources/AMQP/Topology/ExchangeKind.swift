/// The kind of an exchange, which determines its routing. Plugins add kinds, so any name is allowed.
public struct ExchangeKind: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name on the wire.
    public let name: String

    /// Makes a kind from its name on the wire.
    public init(_ name: String) { self.name = name }

    /// Makes a kind from its name on the wire.
    public init(stringLiteral value: String) { name = value }

    /// Routes to queues whose binding key equals the routing key.
    public static let direct = ExchangeKind("direct")
    /// Routes to queues whose pattern matches the words of the routing key.
    public static let topic = ExchangeKind("topic")
    /// Routes to every bound queue.
    public static let fanout = ExchangeKind("fanout")
    /// Routes to queues whose binding arguments match the headers.
    public static let headers = ExchangeKind("headers")

    /// The name on the wire.
    public var description: String { name }
}
