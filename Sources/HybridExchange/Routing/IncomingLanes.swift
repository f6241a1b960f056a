internal import Foundation
internal import Synchronization

/// The lanes that a peer opened on a connection, and the counts to acknowledge.
///
/// Changed on the event loop of the connection only, and read by others.
final class IncomingLanes: Sendable {
    private struct IncomingLane {
        let id: LaneID
        var intake = LaneIntake()
        /// The count to acknowledge at the end of the burst.
        var taken: UInt64?
    }

    private struct State {
        var lanes: [UInt32: IncomingLane] = [:]
        /// The present numbers of the lanes.
        var numbers: [LaneID: UInt32] = [:]
        /// The largest number that was opened. Frames of closed lanes below may be on the way.
        var largest: UInt32 = 0
        /// The lanes with something to acknowledge.
        var pending: [UInt32] = []
    }

    /// The number of lanes that a peer may open on a connection.
    static let largestCount = 65_536

    private let state = Mutex(State())

    /// Returns the lane with a number; `nil` when the peer has not opened it.
    func find(_ number: UInt32) -> LaneID? { state.withLock { $0.lanes[number]?.id } }

    /// Returns the number of a lane that the peer opened.
    func number(of lane: LaneID) -> UInt32? { state.withLock { $0.numbers[lane] } }

    /// The number of lanes with requests.
    var requestCount: Int { state.withLock { state in state.lanes.values.count { $0.id.content == .requests } } }

    /// Begins an opening of a lane. Its earlier number, if it had another, is closed. Returns whether the lane is new.
    func open(_ number: UInt32, _ opening: UInt32, _ lane: LaneID) throws(LaneViolation) -> Bool {
        try state.withLock { state throws(LaneViolation) in
            let earlier = state.numbers[lane]
            if let known = state.lanes[number] {
                guard known.id == lane else { throw .unknownLane(number) }
            } else {
                guard state.lanes.count < Self.largestCount else { throw .unknownLane(number) }
                if let earlier { state.lanes[earlier] = nil }
                state.lanes[number] = IncomingLane(id: lane)
                state.numbers[lane] = number
                state.largest = max(state.largest, number)
            }
            try state.lanes[number]?.intake.open(opening)
            // Replies to an earlier opening have told the messages that were taken in it.
            state.lanes[number]?.taken = nil
            return earlier == nil
        }
    }

    /// Forgets a lane. Returns it; `nil` when the peer has not opened it.
    func close(_ number: UInt32) -> LaneID? {
        state.withLock { state in
            guard let lane = state.lanes.removeValue(forKey: number)?.id else { return nil }
            state.numbers[lane] = nil
            return lane
        }
    }

    /// Returns the lane of a message that may be taken; `nil` for a message of an earlier opening, or of a closed lane.
    func admits(_ number: UInt32, _ opening: UInt32) throws(LaneViolation) -> LaneID? {
        try state.withLock { state throws(LaneViolation) in
            guard let lane = state.lanes[number] else {
                guard number <= state.largest else { throw .unknownLane(number) }
                return nil
            }
            return try lane.intake.admits(opening) ? lane.id : nil
        }
    }

    /// Counts a message that is in the inbox now.
    func take(_ number: UInt32) {
        state.withLock { state in
            guard let index = state.lanes.index(forKey: number) else { return }
            if state.lanes.values[index].taken == nil { state.pending.append(number) }
            let taken = state.lanes.values[index].intake.take()
            state.lanes.values[index].taken = taken
        }
    }

    /// Closes the opening of a lane. Returns the position of the first refused message.
    func refuse(_ number: UInt32) -> UInt64 {
        state.withLock { $0.lanes[number]?.intake.refuse() ?? 0 }
    }

    /// Removes and returns the counts to acknowledge.
    func takeCounts() -> [PeerFrame.LaneCount] {
        state.withLock { state in
            defer { state.pending = [] }
            return state.pending.compactMap { number in
                guard let lane = state.lanes[number], let taken = lane.taken else { return nil }
                state.lanes[number]?.taken = nil
                return PeerFrame.LaneCount(lane: number, opening: lane.intake.opening, count: taken)
            }
        }
    }
}
