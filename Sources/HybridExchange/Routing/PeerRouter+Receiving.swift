#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Logging
    internal import RabbitMQExchange
    internal import Synchronization

    /// Takes what comes from peers.
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

        /// A connection is ready. Lanes that wait for it are connected.
        func connected(_ connection: PeerConnection, _ inbox: PeerInbox) {
            perform { state in
                guard let session = state.session else { return [] }
                let peer = connection.agreement.peer
                state.connections[connection.number] = Link(connection: connection, inbox: inbox)
                state.queues[session.queue(of: peer)] = connection.number
                // A message that fills the window goes alone, and must fit the queue of the connection.
                let largest = min(connection.agreement.offer.largestMessage, configuration.windowBytes)
                state.table.connect(connection.number, largest: largest)
                if let number = state.lease.begin(at: .now) { renewLease(number, session) }
                return (state.wanted.removeValue(forKey: peer) ?? []).flatMap { lane in
                    state.table.connect(lane, to: connection.number, mayBeUnread: true, now: .now)
                }
            }
            metrics.move(.directConnections, by: 1)
        }

        /// A connection ended: everything that only the peer may have is published.
        func disconnected(_ connection: PeerConnection, _ ending: PeerEnding) {
            var session: DirectSession?
            perform { state in
                session = state.session
                state.connections[connection.number] = nil
                if let queue = session?.queue(of: connection.agreement.peer), state.queues[queue] == connection.number {
                    state.queues[queue] = nil
                }
                if state.connections.isEmpty { state.lease.stop() }
                return state.table.disconnect(connection.number)
            }
            metrics.move(.directConnections, by: -1)
            guard let session else { return }
            session.lost(connection.agreement.peer)
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

        func opened(_ number: UInt32, _ opening: UInt32, by connection: PeerConnection) throws(LaneViolation) {
            try perform { state throws(LaneViolation) in
                try state.table.opened(number, opening, by: connection.number, now: .now)
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
                try state.table.queued(number, tag, by: connection.number)
            }
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

        /// Calls a function when a marker is read. It may have been read already.
        func awaitMarker(_ id: UUID, _ isRead: @escaping @Sendable () -> Void) {
            let isThere = state.withLock { state in
                if state.readMarkers.remove(id) { return true }
                if state.markers.count >= Self.largestMarkers, let any = state.markers.keys.first {
                    state.markers[any] = nil
                }
                state.markers[id] = isRead
                return false
            }
            if isThere { isRead() }
        }

        func readMarker(_ id: UUID) {
            let isRead = state.withLock { state in
                guard let isRead = state.markers.removeValue(forKey: id) else {
                    state.readMarkers.insert(id)
                    return (@Sendable () -> Void)?.none
                }
                return isRead
            }
            isRead?()
        }
    }
#endif
