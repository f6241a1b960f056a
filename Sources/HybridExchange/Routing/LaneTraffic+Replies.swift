#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Synchronization

    /// Takes the replies of peers.
    extension LaneTraffic {
        func acknowledged(_ count: PeerFrame.LaneCount, by peer: UInt64) throws(LaneViolation) {
            try perform { state throws(LaneViolation) in
                try state.table.acknowledged(count.lane, count.opening, count: count.count, by: peer, now: .now)
            }
        }

        func opened(_ number: UInt32, _ opening: UInt32, _ marker: UUID, by peer: UInt64) throws(LaneViolation) {
            // The first opening of each lane has a marker, so that its peer has proved that it reads the queue.
            guard !links.isWrong(marker, ofLane: number, opening, on: peer) else { throw .wrongMarker }
            try perform { state throws(LaneViolation) in
                try state.table.opened(number, opening, by: peer, now: .now)
            }
        }

        func refused(
            _ number: UInt32,
            _ opening: UInt32,
            from position: UInt64,
            _ reason: Refusal,
            by peer: UInt64
        ) throws(LaneViolation) {
            try perform(reason.fallback) { state throws(LaneViolation) in
                try state.table.refused(number, opening, from: position, reason, by: peer, now: .now)
            }
        }

        /// The owner gave a request back. Returns `false` when the tag is of no request that was sent from here: then the
        /// peer tells of a copy of its own request.
        func queued(_ number: UInt32, _ tag: UUID, by peer: UInt64) throws(LaneViolation) -> Bool {
            guard let lane = state.withLock({ $0.open[tag]?.lane }), lane.content == .requests else { return false }
            try perform { state throws(LaneViolation) in
                state.open[tag]?.isAtBroker = true
                return try state.table.queued(number, tag, by: peer)
            }
            endClosing(lane.source)
            return true
        }
    }
#endif
