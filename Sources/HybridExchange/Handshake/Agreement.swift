internal import AgentExchange
internal import Foundation

/// The result of a handshake, the same facts on both sides.
struct Agreement: Sendable, Hashable {
    /// The other session, which has proved that it has the key.
    let peer: UUID
    /// The session that dialled.
    let dialler: UUID
    /// The lower of both versions.
    let version: ProtocolVersion
    /// The sizes that the other session takes.
    let offer: PeerOffer
    /// The optional features that both sessions know.
    let capabilities: PeerOffer.Capabilities
    /// The broker user of the other session.
    let principal: String?
}
