#if Hybrid
    internal import Foundation
    internal import Synchronization

    /// The connections of a session to its peers, by their number and by the queue of the peer's session.
    final class PeerLinks: Sendable {
        private struct Link: Sendable {
            let connection: PeerConnection
            let incoming: IncomingLanes
            let queue: String
            /// The last marker of each lane of this side.
            var markers: [UInt32: (opening: UInt32, marker: UUID)] = [:]
        }

        private struct State {
            var links: [UInt64: Link] = [:]
            var numbers: [String: UInt64] = [:]
        }

        private let state = Mutex(State())

        /// Whether there is no connection.
        var isEmpty: Bool { state.withLock { $0.links.isEmpty } }

        /// All connections.
        var connections: [PeerConnection] { state.withLock { $0.links.values.map(\.connection) } }

        /// Adds a connection to the session with a queue.
        func add(_ connection: PeerConnection, _ incoming: IncomingLanes, queue: String) {
            state.withLock { state in
                state.links[connection.number] = Link(connection: connection, incoming: incoming, queue: queue)
                state.numbers[queue] = connection.number
            }
        }

        /// Removes a connection that ended.
        func remove(_ connection: PeerConnection) {
            state.withLock { state in
                guard let link = state.links.removeValue(forKey: connection.number) else { return }
                if state.numbers[link.queue] == connection.number { state.numbers[link.queue] = nil }
            }
        }

        /// Returns the connection with a number.
        func connection(_ number: UInt64?) -> PeerConnection? {
            guard let number else { return nil }
            return state.withLock { $0.links[number]?.connection }
        }

        /// Returns the number of the connection to the session with a queue.
        func number(ofQueue queue: String) -> UInt64? { state.withLock { $0.numbers[queue] } }

        /// Returns the connection to the session with a queue, and the lanes that the peer opened on it.
        func link(toQueue queue: String) -> (connection: PeerConnection, incoming: IncomingLanes)? {
            state.withLock { state in
                state.numbers[queue].flatMap { state.links[$0] }.map { ($0.connection, $0.incoming) }
            }
        }

        /// The number of markers of openings that were not answered.
        var markerCount: Int { state.withLock { $0.links.values.reduce(0) { $0 + $1.markers.count } } }

        /// Keeps the marker of an opening of this side.
        func keep(_ marker: UUID, ofLane lane: UInt32, _ opening: UInt32, on number: UInt64) {
            state.withLock { $0.links[number]?.markers[lane] = (opening, marker) }
        }

        /// Returns whether a marker is not that of an opening of this side. The right one is forgotten: it is needed once.
        func isWrong(_ marker: UUID, ofLane lane: UInt32, _ opening: UInt32, on number: UInt64) -> Bool {
            state.withLock { state in
                guard let own = state.links[number]?.markers[lane], own.opening == opening else { return false }
                guard own.marker == marker else { return true }
                state.links[number]?.markers[lane] = nil
                return false
            }
        }

        /// Forgets the markers of closed lanes.
        ///
        /// - Parameters:
        ///   - open: The numbers of the open lanes.
        ///   - last: The number of the last lane that was opened when they were looked up. Later ones stay.
        func forgetMarkers(except open: Set<UInt32>, upTo last: UInt32, on number: UInt64) {
            state.withLock { state in
                guard let markers = state.links[number]?.markers, !markers.isEmpty else { return }
                state.links[number]?.markers = markers.filter { $0.key > last || open.contains($0.key) }
            }
        }
    }
#endif
