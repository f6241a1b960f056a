/// How an exchange routes; plugins add kinds, so any name is allowed.
public struct ExchangeKind: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name on the wire.
    public let name: String

    /// A kind by its name on the wire.
    public init(_ name: String) { self.name = name }

    /// A kind by its name on the wire.
    public init(stringLiteral value: String) { name = value }

    /// To queues whose binding key equals the routing key.
    public static let direct = ExchangeKind("direct")
    /// To queues whose pattern matches the words of the routing key.
    public static let topic = ExchangeKind("topic")
    /// To every bound queue.
    public static let fanout = ExchangeKind("fanout")
    /// To queues whose binding arguments match the headers.
    public static let headers = ExchangeKind("headers")

    /// The name on the wire.
    public var description: String { name }
}
