internal import AgentExchange

/// The settings of direct connections between the processes of a namespace.
public struct DirectConfiguration: Sendable, Hashable, Codable {
    /// An address of this machine.
    public enum Interface: Sendable, Hashable, Codable {
        /// The one of the connection to the broker.
        case towardsBroker
        /// That of a network interface, such as `eth0`.
        case interface(String)
        /// An IPv4 or IPv6 address.
        case address(String)
    }

    /// A place at which a process listens for others.
    public enum Listener: Sendable, Hashable, Codable {
        /// A TCP port of an interface: the first of these ports that is free, or any free port when there are none.
        case tcp(Interface, ports: [Int])
        /// A Unix socket in a folder, for processes of the same user on the same machine. The folder gets mode 0700. `nil`
        /// is a folder of the user below the temporary one.
        case unix(folder: String?)

        /// A free TCP port of an interface.
        public static func tcp(_ interface: Interface) -> Listener { .tcp(interface, ports: []) }

        /// A TCP port of an interface: the first of these ports that is free.
        public static func tcp(_ interface: Interface, ports: ClosedRange<Int>) -> Listener {
            .tcp(interface, ports: Array(ports.clamped(to: 0...65_536)))
        }

        /// A TCP port of an interface: the first of these ports that is free.
        ///
        /// - Parameter ports: Any sequence, such as every second port. Its first 65,536 elements are taken.
        @_disfavoredOverload  // An array is taken by the case. The compiler ranks no function against a case.
        public static func tcp(_ interface: Interface, ports: some Sequence<Int>) -> Listener {
            .tcp(interface, ports: Array(ports.prefix(65_536)))
        }

        /// A Unix socket in the folder of the user.
        public static func unix() -> Listener { .unix(folder: nil) }
    }

    /// The holder of the second copy of a request that went directly, until it is answered.
    public enum Durability: String, Sendable, Hashable, Codable, CaseIterable {
        /// The requester. A request is lost only when both processes die before either has noticed the end of the other.
        case requester
        /// The broker. Each request is published as well; the direct way only makes it quick.
        case broker
    }

    /// The protection of TCP connections. Unix sockets are protected by their folder.
    public enum Security: String, Sendable, Hashable, Codable, CaseIterable {
        /// As the connection to the broker: encrypted when its URL begins with `amqps`.
        case asBroker
        /// TLS 1.2 with a key that the broker carried. No certificates are needed.
        case encrypted
        /// Peers prove their sessions, but messages can be read and changed on the way.
        case plain
    }

    /// The places at which the process listens; one listener serves all mailboxes of a namespace. Without any, it only
    /// dials others. The default is a free TCP port towards the broker, and a Unix socket.
    public var listen: [Listener] = [.tcp(.towardsBroker), .unix()]

    /// The address that others are told instead of that of the TCP listener: `host` with its port, or `host:port`, for
    /// containers and forwarded ports. An IPv6 address has brackets. The default, `nil`, is the listener's own.
    public var advertise: String?

    /// The holder of the second copy. The default is the requester.
    public var durability: Durability = .requester

    /// The protection of TCP connections. The default is that of the connection to the broker.
    public var security: Security = .asBroker

    /// The time for reaching a process at one address, up to 60 s. No message waits for it. The default is 1 s.
    public var connectTimeout: Duration = .seconds(1)

    /// The interval of signs of life, 100 ms to 60 s. A peer that is silent for two is given up. The default is 5 s.
    public var keepAlive: Duration = .seconds(5)

    /// The time for which a proof through the broker counts, 10 s to a day. The default is 5 min.
    public var renewal: Duration = .seconds(300)

    /// The time for which an owner takes direct requests without a sign of its place at the broker, 1 s to 4 s: less than
    /// the 5 s for which a termination waits for it. The default is 4 s.
    public var ownershipLease: Duration = .seconds(4)

    /// The number of messages on a connection that were not acknowledged, 1 to 65,536. Further ones wait for a moment, then
    /// go through the broker. The default is 1,024.
    public var windowMessages: Int = 1024

    /// Their size in bytes, 64 KiB to 4 MiB. Larger messages go through the broker. The default is 4 MiB.
    public var windowBytes: Int = 4 << 20

    /// The size of the requests that a process keeps for their agents, in bytes. Further ones go through the broker. The
    /// default is 64 MiB.
    public var keptBytes: Int = 64 << 20

    /// Makes a configuration with the defaults, or with some other values.
    public init(
        listen: [Listener] = [.tcp(.towardsBroker), .unix()],
        durability: Durability = .requester,
        security: Security = .asBroker
    ) {
        self.listen = listen
        self.durability = durability
        self.security = security
    }

    /// Reads the address to advertise for a listener with a port.
    static func endpoint(_ advertise: String, port: Int) -> PeerEndpoint? {
        guard advertise.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
        let host = advertise.hasSuffix("]") || !advertise.contains(":") ? "\(advertise):\(port)" : advertise
        return PeerEndpoint(text: "tcp://\(host)")
    }

    /// - Throws: `ExchangeError` with `invalidConfiguration`, the setting and its bounds.
    func validate() throws(ExchangeError) {
        let ports = listen.flatMap { listener -> [Int] in
            if case .tcp(_, let ports) = listener { ports } else { [] }
        }
        let checks: [(Bool, String)] = [
            (ports.allSatisfy { (1...65_535).contains($0) }, "a port is 1 to 65,535"),
            (
                connectTimeout > .zero && connectTimeout <= .seconds(60),
                "connectTimeout is more than zero, at most 60 s"
            ),
            (keepAlive >= .milliseconds(100) && keepAlive <= .seconds(60), "keepAlive is 100 ms to 60 s"),
            (renewal >= .seconds(10) && renewal <= .seconds(86_400), "renewal is 10 s to 86,400 s"),
            (ownershipLease >= .seconds(1) && ownershipLease <= .seconds(4), "ownershipLease is 1 s to 4 s"),
            ((1...65_536).contains(windowMessages), "windowMessages is 1 to 65,536"),
            ((64 << 10...4 << 20).contains(windowBytes), "windowBytes is 64 KiB to 4 MiB"),
            (keptBytes >= 0, "keptBytes is not below zero"),
            (
                advertise.map { Self.endpoint($0, port: 1) != nil } ?? true,
                "advertise is a host, or a host and a port, such as gateway:5700"
            ),
        ]
        if let failed = checks.first(where: { !$0.0 }) { throw ExchangeError(.invalidConfiguration, failed.1) }
    }
}

extension DirectConfiguration {
    /// The settings that another process may choose for this one.
    var fromElsewhere: DirectConfiguration {
        var taken = self
        taken.listen = listen.map { if case .unix = $0 { .unix() } else { $0 } }
        if security == .plain { taken.security = .asBroker }
        return taken
    }
}
