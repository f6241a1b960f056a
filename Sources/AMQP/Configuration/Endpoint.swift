/// The address of a broker.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// A host name or an address; an IPv6 address without brackets.
    public var host: String
    /// The TCP port: 5672 by default, 5671 with TLS.
    public var port: Int

    /// Creates an endpoint.
    public init(host: String, port: Int = 5672) {
        self.host = host
        self.port = port
    }

    /// `host:port`, with brackets around an IPv6 address.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
