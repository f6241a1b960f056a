#if Hybrid
    internal import Foundation
    internal import Synchronization

    /// An opening of a peer that waits for its marker.
    struct AwaitedMarker: Sendable {
        let connection: PeerConnection
        let lane: UInt32
        let opening: UInt32

        /// Says that the marker was read.
        func answer(_ marker: UUID) {
            _ = connection.send(.opened(lane: lane, opening: opening, marker: marker))
        }
    }

    /// The markers of peers' openings: awaited, or read before the opening came.
    final class PeerMarkers: Sendable {
        /// The number of openings whose markers are awaited. Further ones take the place of others, whose senders try again.
        private static let limit = 4096

        private struct State {
            /// Openings whose marker was not read, by its digest.
            var awaited: [UUID: AwaitedMarker] = [:]
            var read = RecentMarkers()
        }

        private let state = Mutex(State())

        /// Answers an opening when its marker is read. It may have been read already.
        func wait(_ opening: AwaitedMarker, for digest: UUID) {
            let marker = state.withLock { state -> UUID? in
                if let marker = state.read.remove(digest) { return marker }
                if state.awaited.count >= Self.limit, let any = state.awaited.keys.first { state.awaited[any] = nil }
                state.awaited[digest] = opening
                return nil
            }
            if let marker { opening.answer(marker) }
        }

        /// A marker was read.
        func read(_ id: UUID) {
            let digest = id.digest
            let opening = state.withLock { state in
                let opening = state.awaited.removeValue(forKey: digest)
                if opening == nil { state.read.insert(id) }
                return opening
            }
            opening?.answer(id)
        }

        /// Forgets the openings on a connection that ended.
        func forget(_ connection: PeerConnection) {
            state.withLock { state in state.awaited = state.awaited.filter { $0.value.connection !== connection } }
        }

        /// Forgets all openings.
        func removeAll() { state.withLock { $0.awaited = [:] } }
    }
#endif
