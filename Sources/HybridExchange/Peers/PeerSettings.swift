/// Limits and times of the connections to peers.
struct PeerSettings: Sendable, Hashable {
    /// The protection of TCP connections. Unix sockets are protected by their folder.
    enum Security: Sendable, Hashable {
        /// TLS 1.2 with `ECDHE-PSK-CHACHA20-POLY1305` and the key of the handshake.
        case encrypted
        /// Proofs only.
        case plain
    }

    var security = Security.encrypted
    /// The time for reaching one endpoint.
    var connectTimeout = Duration.seconds(1)
    /// The time until the next endpoint is tried beside the earlier ones.
    var dialStagger = Duration.milliseconds(250)
    /// The time for a handshake.
    var handshakeTimeout = Duration.seconds(2)
    /// The interval of ``Pulse``. A peer that is silent for two is given up.
    var keepAlive = Duration.seconds(5)
    /// The time for which a proof through the broker counts.
    var renewal = Duration.seconds(300)
    /// The number of unknown peers that may take part in handshakes at the same time.
    var unknownPeers = 64
    /// The number of connections to peers. When they are that many, one without a message for ``idle`` makes room.
    var peers = 1024
    /// The time without a message after which a connection may make room for another one.
    var idle = Duration.seconds(10)
    /// Limits of the frames that wait for a peer.
    var outbox = Outbox.Limits()
}
