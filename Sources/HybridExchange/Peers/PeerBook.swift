internal import Foundation

/// The connections of a session, at most one to each peer: a pure value.
struct PeerBook<Connection: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A connection that leaves the book because another one came.
    struct Leaving: Sendable {
        let connection: Connection
        let ending: PeerEnding
    }

    private struct Entry: Sendable {
        let number: UInt64
        let dialler: UUID
        let connection: Connection
    }

    private let limit: Int
    private var entries: [UUID: Entry] = [:]

    init(limit: Int) {
        self.limit = limit
    }

    /// The number of connections.
    var count: Int { entries.count }

    /// All connections.
    var connections: [Connection] { entries.values.map(\.connection) }

    /// Returns the connection to a peer.
    subscript(peer: UUID) -> Connection? { entries[peer]?.connection }

    /// Adds a connection, and returns the one that it takes the place of.
    ///
    /// Of two connections to one peer the one dialled by the smaller session stays; of two dialled by the same session the
    /// later one does, because its dialler knows that the earlier one ended. When the book is full, the connection that
    /// was not used for the longest time leaves.
    ///
    /// - Parameters:
    ///   - number: Identifies the connection; see ``remove(_:number:)``.
    ///   - idleSince: Returns the time of the last use; `nil` for a connection that is in use.
    /// - Throws: ``HandshakeError/duplicate``, or ``HandshakeError/tooManyPeers`` when all connections are in use.
    mutating func admit(
        _ connection: Connection,
        number: UInt64,
        to peer: UUID,
        dialledBy dialler: UUID,
        idleSince: (Connection) -> Instant?
    ) throws(HandshakeError) -> Leaving? {
        let entry = Entry(number: number, dialler: dialler, connection: connection)
        if let earlier = entries[peer] {
            guard dialler.uuidString <= earlier.dialler.uuidString else { throw .duplicate }
            entries[peer] = entry
            return Leaving(connection: earlier.connection, ending: .replaced)
        }
        guard entries.count >= limit else {
            entries[peer] = entry
            return nil
        }
        let idle = entries.compactMap { peer, entry in idleSince(entry.connection).map { (peer, entry, $0) } }
        guard let (oldest, leaving, _) = idle.min(by: { $0.2 < $1.2 }) else { throw .tooManyPeers }
        entries[oldest] = nil
        entries[peer] = entry
        return Leaving(connection: leaving.connection, ending: .idle)
    }

    /// Removes a connection that ended, unless another one has its place.
    mutating func remove(_ peer: UUID, number: UInt64) {
        if entries[peer]?.number == number { entries[peer] = nil }
    }
}
