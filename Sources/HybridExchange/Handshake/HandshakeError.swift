internal import AgentExchange

/// The reason that a handshake failed. The connection is closed, and the other side is told nothing.
///
/// No case has a key, a proof or other bytes of the other side.
enum HandshakeError: Error, Hashable {
    /// The first bytes are not those of a peer: another program reached the port.
    case notAPeer
    /// The other side sent more bytes than a handshake has.
    case tooManyBytes
    /// A message came in another order than the handshake has.
    case misplaced
    /// A message is too short, or has a value that it can't have.
    case malformed
    /// The other side speaks a handshake with another major version.
    case incompatible(ProtocolVersion)
    /// The handshake is meant for another session: this process has the address of an earlier one.
    case wrongSession
    /// The other side belongs to another namespace.
    case wrongNamespace
    /// This session has no such key for that session.
    case unknownKey
    /// The key was used for an earlier handshake in the same direction.
    case usedKey
    /// The key is older than ``Meetings/lifetime``.
    case expiredKey
    /// The proof is not that of the key.
    case wrongProof
    /// Encryption failed: another key, another cipher, or bytes that are no TLS.
    case notEncrypted
    /// The handshake took longer than its deadline.
    case timedOut
    /// The other side closed the connection.
    case closed
    /// As many unknown peers as are allowed take part in handshakes already.
    case tooManyUnknown
    /// As many peers as are allowed are connected, and all of them are in use.
    case tooManyPeers
    /// Another connection to the same peer stays.
    case duplicate

    /// The reason as text, for logs and metrics. There is a fixed, small number of values.
    var reason: String {
        switch self {
        case .notAPeer: "not-a-peer"
        case .tooManyBytes: "too-many-bytes"
        case .misplaced: "misplaced"
        case .malformed: "malformed"
        case .incompatible: "incompatible"
        case .wrongSession: "wrong-session"
        case .wrongNamespace: "wrong-namespace"
        case .unknownKey: "unknown-key"
        case .usedKey: "used-key"
        case .expiredKey: "expired-key"
        case .wrongProof: "wrong-proof"
        case .notEncrypted: "not-encrypted"
        case .timedOut: "timed-out"
        case .closed: "closed"
        case .tooManyUnknown: "too-many-unknown"
        case .tooManyPeers: "too-many-peers"
        case .duplicate: "duplicate"
        }
    }
}
