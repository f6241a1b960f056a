internal import Foundation

/// An agreement between two sessions, made through the broker, that one of them may dial the other.
struct Meeting: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The public name of the key, the same on both sides.
    let id: UUID
    /// The other session.
    let peer: UUID
    /// The shared secret.
    let key: PeerKey
    /// The broker user of the other session, as the broker checked it.
    let principal: String?
    /// The time at which the key was made.
    let start: Instant
}
