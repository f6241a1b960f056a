#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Synchronization

    /// Takes the frames of one connection: hands messages to their mailboxes, and replies to the router's lanes.
    final class PeerInbox: PeerReceiver {
        private struct IncomingLane {
            let id: LaneID
            var intake = LaneIntake()
            /// The count to acknowledge at the end of the burst.
            var taken: UInt64?
        }

        private struct State {
            var lanes: [UInt32: IncomingLane] = [:]
            /// The lanes with something to acknowledge.
            var pending: [UInt32] = []
        }

        /// The number of lanes that a peer may open on a connection.
        static let largestLanes = 65_536

        private weak let router: PeerRouter?
        /// Changed on the event loop of the connection only.
        private let state = Mutex(State())

        init(_ router: PeerRouter?) {
            self.router = router
        }

        /// Returns the number of a lane that the peer opened.
        func number(of lane: LaneID) -> UInt32? {
            state.withLock { state in state.lanes.filter { $0.value.id == lane }.keys.max() }
        }

        func receive(_ frame: PeerFrame, on connection: PeerConnection) throws(LaneViolation) {
            guard let router else { return }
            switch frame {
            case .open(let number, let opening, let lane, let marker):
                try open(number, opening, lane)
                if let marker {
                    router.awaitMarker(AwaitedMarker(connection: connection, lane: number, opening: opening), marker)
                }
            case .data(let number, let opening, let isCopied, let bytes):
                guard
                    let lane = try state.withLock({ state throws(LaneViolation) in
                        guard let lane = state.lanes[number] else { throw .unknownLane(number) }
                        return try lane.intake.admits(opening) ? lane.id : nil
                    })
                else { return }
                if let refusal = take(bytes, on: lane, isCopied: isCopied, connection, router) {
                    let position = state.withLock { $0.lanes[number]?.intake.refuse() ?? 0 }
                    router.countRefusal(refusal)
                    _ = connection.send(.refused(lane: number, opening: opening, from: position, refusal))
                } else {
                    state.withLock { state in
                        guard let index = state.lanes.index(forKey: number) else { return }
                        if state.lanes.values[index].taken == nil { state.pending.append(number) }
                        let taken = state.lanes.values[index].intake.take()
                        state.lanes.values[index].taken = taken
                    }
                }
            case .notice(let number, let bytes):
                guard let lane = state.withLock({ $0.lanes[number]?.id }) else { throw .unknownLane(number) }
                if case .notice(let notice)? = try? MessageBytes.decode(
                    bytes,
                    on: lane,
                    principal: connection.agreement.principal
                ) {
                    router.take(notice)
                }
            case .queued(let number, let tag):
                if try !router.queued(number, tag, by: connection) {
                    // Neither, when this side has ended the request already.
                    guard let lane = state.withLock({ $0.lanes[number]?.id }) else { return }
                    router.expectCopy(of: tag, on: lane)
                }
            case .ack(let counts):
                for count in counts { try router.acknowledged(count, by: connection) }
            case .opened(let number, let opening, let marker):
                try router.opened(number, opening, marker, by: connection)
            case .refused(let number, let opening, let position, let reason):
                try router.refused(number, opening, from: position, reason, by: connection)
            case .ping, .pong, .bye:
                break
            }
        }

        private func open(_ number: UInt32, _ opening: UInt32, _ lane: LaneID) throws(LaneViolation) {
            try state.withLock { state throws(LaneViolation) in
                if let known = state.lanes[number] {
                    guard known.id == lane else { throw .unknownLane(number) }
                } else {
                    guard state.lanes.count < Self.largestLanes else { throw .unknownLane(number) }
                    state.lanes[number] = IncomingLane(id: lane)
                }
                try state.lanes[number]?.intake.open(opening)
                // Replies to an earlier opening have told the messages that were taken in it.
                state.lanes[number]?.taken = nil
            }
        }

        /// Hands a message to its mailbox. Returns the reason when it is not taken.
        private func take(
            _ bytes: [UInt8],
            on lane: LaneID,
            isCopied: Bool,
            _ connection: PeerConnection,
            _ router: PeerRouter
        ) -> Refusal? {
            let message: Message
            do throws(PeerFrameError) {
                message = try MessageBytes.decode(bytes, on: lane, principal: connection.agreement.principal)
            } catch {
                connection.end(.invalid(error))
                return .notOwner
            }
            return router.take(message, from: connection.agreement, isCopied: isCopied)
        }

        func endBurst(on connection: PeerConnection) {
            let counts = state.withLock { state -> [PeerFrame.LaneCount] in
                defer { state.pending = [] }
                return state.pending.compactMap { number in
                    guard let lane = state.lanes[number], let taken = lane.taken else { return nil }
                    state.lanes[number]?.taken = nil
                    return PeerFrame.LaneCount(lane: number, opening: lane.intake.opening, count: taken)
                }
            }
            var left = counts[...]
            while !left.isEmpty {
                _ = connection.send(.ack(Array(left.prefix(PeerFrame.largestAck))))
                left = left.dropFirst(PeerFrame.largestAck)
            }
        }

        func end(_ connection: PeerConnection, _ ending: PeerEnding) {
            router?.disconnected(connection, ending)
        }
    }
#endif
