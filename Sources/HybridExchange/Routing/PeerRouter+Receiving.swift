#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Logging
    internal import RabbitMQExchange
    internal import Synchronization

    /// Takes the connections, messages and replies of peers.
    extension PeerRouter {
        /// The number of openings whose markers are awaited. The oldest are forgotten; their senders try again.
        private static let largestMarkers = 4096

        // MARK: Connections

        /// The processes with a connection.
        var peers: [DirectPeer] {
            state.withLock { state in
                state.connections.values.map { link in
                    let figures = state.table.figures(of: link.connection.number)
                    return DirectPeer(
                        session: link.connection.agreement.peer,
                        address: link.connection.address,
                        lanes: figures.direct,
                        unanswered: figures.unanswered
                    )
                }
            }
        }

        /// The connections and the lease, as other sessions are told.
        var ways: DirectWays {
            let connections = peers.map { peer in
                DirectWays.Connection(
                    session: peer.session,
                    address: peer.address,
                    lanes: peer.lanes,
                    unanswered: peer.unanswered
                )
            }
            return DirectWays(lease: state.withLock { $0.lease.left(at: .now) }, connections: connections)
        }

        /// A connection is ready. Lanes that wait for it are connected.
        func connected(_ connection: PeerConnection, _ inbox: PeerInbox) {
            perform { state in
                guard let session = state.session else { return [] }
                let peer = connection.agreement.peer
                state.connections[connection.number] = Link(connection: connection, inbox: inbox)
                state.queues[session.queue(of: peer)] = connection.number
                // A message that fills the window goes alone, and must fit the queue of the connection.
                let offer = connection.agreement.offer
                state.table.connect(
                    connection.number,
                    largest: min(offer.largestMessage, offer.windowBytes, configuration.windowBytes),
                    windowMessages: offer.windowMessages,
                    windowBytes: offer.windowBytes
                )
                beginLease(&state)
                let lanes = (state.wanted.removeValue(forKey: peer) ?? []).filter { !state.table.isConnected($0) }
                return lanes.flatMap { lane in
                    state.table.connect(lane, to: connection.number, mayBeUnread: true, now: .now)
                }
            }
            metrics.move(.directConnections, by: 1)
        }

        /// A connection ended: everything that only the peer may have is published.
        func disconnected(_ connection: PeerConnection, _ ending: PeerEnding) {
            // Before anything is published: a confirmed answer forgets its request.
            state.withLock { $0.session }?.lost(connection.agreement.peer)
            var session: DirectSession?
            perform { state in
                session = state.session
                state.connections[connection.number] = nil
                state.markers = state.markers.filter { $0.value.connection !== connection }
                if let queue = session?.queue(of: connection.agreement.peer), state.queues[queue] == connection.number {
                    state.queues[queue] = nil
                }
                if state.connections.isEmpty { state.lease.stop() }
                return state.table.disconnect(connection.number)
            }
            metrics.move(.directConnections, by: -1)
            guard let session else { return }
            session.logger.debug(
                "a direct connection ended",
                metadata: .init(keys: [.peer: connection.agreement.peer.uuidString, .reason: ending.reason])
            )
        }

        // MARK: Messages

        /// Hands a message to its mailbox. Returns the reason when it is not taken.
        func take(_ message: Message, from agreement: Agreement, isCopied: Bool) -> Refusal? {
            let (session, isValid) = state.withLock { ($0.session, $0.lease.isValid(at: .now)) }
            guard let session else { return .notOwner }
            switch message {
            case .request(let request):
                guard isValid else { return .notOwner }
                switch session.take(request, from: agreement.peer, isCopied: isCopied) {
                case .taken: return nil
                case .busy: return .busy
                case .notOwner: return .notOwner
                case .terminated: return .terminated
                }
            case .response(let response):
                return session.take(response, principal: agreement.principal) ? nil : .notOwner
            case .notice(let notice):
                session.take(notice)
                return nil
            }
        }

        func take(_ notice: Notice) {
            state.withLock { $0.session }?.take(notice)
        }

        func expectCopy(of tag: UUID, on lane: LaneID) {
            state.withLock { $0.session }?.expectCopy(of: tag, from: lane.source, to: lane.destination)
        }

        func cut(_ peer: UUID) {
            let link = state.withLock { state in
                state.session.flatMap { state.queues[$0.queue(of: peer)] }.flatMap { state.connections[$0] }
            }
            link?.connection.end(.cut)
        }

        func countRefusal(_ refusal: Refusal) {
            metrics.count(.directRefusals, [.reason(refusal.reason)])
        }

        // MARK: Replies

        func acknowledged(_ count: PeerFrame.LaneCount, by connection: PeerConnection) throws(LaneViolation) {
            try perform { state throws(LaneViolation) in
                try state.table.acknowledged(
                    count.lane,
                    count.opening,
                    count: count.count,
                    by: connection.number,
                    now: .now
                )
            }
        }

        func opened(
            _ number: UInt32,
            _ opening: UInt32,
            _ marker: UUID,
            by connection: PeerConnection
        ) throws(LaneViolation) {
            try perform { state throws(LaneViolation) in
                // The first opening of each lane has a marker, so that its peer has proved that it reads the queue.
                if let own = state.connections[connection.number]?.markers[number], own.opening == opening,
                    own.marker != marker
                {
                    throw .wrongMarker
                }
                return try state.table.opened(number, opening, by: connection.number, now: .now)
            }
        }

        func refused(
            _ number: UInt32,
            _ opening: UInt32,
            from position: UInt64,
            _ reason: Refusal,
            by connection: PeerConnection
        ) throws(LaneViolation) {
            metrics.count(.directFallbacks, [.reason(reason.reason)])
            try perform { state throws(LaneViolation) in
                try state.table.refused(number, opening, from: position, reason, by: connection.number, now: .now)
            }
        }

        /// The owner gave a request back. Returns `false` when the tag is of no request that was sent from here: then the
        /// peer tells of a copy of its own request.
        func queued(_ number: UInt32, _ tag: UUID, by connection: PeerConnection) throws(LaneViolation) -> Bool {
            guard state.withLock({ $0.open[tag]?.lane.content == .requests }) else { return false }
            try perform { state throws(LaneViolation) in
                state.open[tag]?.isAtBroker = true
                return try state.table.queued(number, tag, by: connection.number)
            }
            if let source = state.withLock({ $0.open[tag]?.lane.source }) { endClosing(source) }
            return true
        }

        func returned(_ request: Request, to peer: UUID) {
            let lane = LaneID(from: request.source, to: request.destination, .requests)
            let link = state.withLock { state in
                state.session.flatMap { state.queues[$0.queue(of: peer)] }.flatMap { state.connections[$0] }
            }
            guard let link, let number = link.inbox.number(of: lane) else { return }
            _ = link.connection.send(.queued(lane: number, tag: request.tag))
        }

        // MARK: Markers

        /// Answers an opening when its marker is read. It may have been read already.
        func awaitMarker(_ opening: AwaitedMarker, _ digest: UUID) {
            let marker = state.withLock { state -> UUID? in
                if let marker = state.readMarkers.remove(digest) { return marker }
                if state.markers.count >= Self.largestMarkers, let any = state.markers.keys.first {
                    state.markers[any] = nil
                }
                state.markers[digest] = opening
                return nil
            }
            if let marker { opening.answer(marker) }
        }

        func readMarker(_ id: UUID) {
            let digest = id.digest
            let opening = state.withLock { state in
                let opening = state.markers.removeValue(forKey: digest)
                if opening == nil { state.readMarkers.insert(id) }
                return opening
            }
            opening?.answer(id)
        }
    }

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
#endif
