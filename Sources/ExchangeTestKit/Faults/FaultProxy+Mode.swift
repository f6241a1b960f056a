extension FaultProxy {
    /// The proxy's treatment of connections and bytes.
    public enum Mode: Sendable, Hashable {
        /// Bytes go through.
        case pass
        /// Bytes arrive this much later, in order; the rate is not limited.
        case delay(Duration)
        /// Connections are accepted and nothing is read or written: buffers fill, and senders feel back-pressure.
        case stall
        /// Bytes and ends of streams vanish in these directions: a half-open connection. Neither side learns anything,
        /// not even that the other side broke, until the mode changes.
        case drop(Directions)
        /// All connections, and each new one, are reset (RST).
        case reset
        /// Open connections pass; a new connect fails with "connection refused".
        case refuse
    }

    /// One direction, or both.
    public struct Directions: OptionSet, Sendable, Hashable {
        /// The bits.
        public let rawValue: Int
        /// From bits.
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// From the client to the target.
        public static let toTarget = Directions(rawValue: 1)
        /// From the target to the client.
        public static let toClient = Directions(rawValue: 2)
        /// Both ways.
        public static let both: Directions = [.toTarget, .toClient]
    }

    /// The connections and bytes of a proxy since it started.
    public struct Statistics: Sendable, Hashable {
        /// Connections accepted.
        public internal(set) var accepted = 0
        /// Connections open now.
        public internal(set) var open = 0
        /// Bytes delivered to the target.
        public internal(set) var bytesToTarget = 0
        /// Bytes delivered to clients.
        public internal(set) var bytesToClient = 0
        /// Bytes swallowed, in either direction.
        public internal(set) var bytesDropped = 0
    }
}

extension FaultProxy.Mode {
    var delay: Duration { if case .delay(let delay) = self { delay } else { .zero } }

    /// How many bytes of a direction the proxy itself may hold.
    var capacity: Int { if case .delay = self { 16_777_216 } else { 65_536 } }

    var hidesFailures: Bool {
        switch self {
        case .stall, .drop: true
        case .pass, .delay, .reset, .refuse: false
        }
    }

    func drops(_ direction: FaultProxy.Directions) -> Bool {
        if case .drop(let directions) = self { directions.contains(direction) } else { false }
    }
}
