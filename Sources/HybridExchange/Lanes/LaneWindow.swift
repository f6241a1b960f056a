internal import DequeModule

/// The lanes of one connection, and the messages on it that were not acknowledged: a pure value.
struct LaneWindow: Sendable {
    let largest: Int
    /// The window of the peer, if it is smaller than that of the table.
    let windowMessages: Int
    let windowBytes: Int
    /// Whether the peer forgets closed lanes.
    let closesLanes: Bool
    var messages = 0
    var bytes = 0
    var lanes: [UInt32: LaneID] = [:]
    var lastNumber: UInt32 = 0
    /// Lanes that wait for the window, the longest waiting first.
    var waiting: Deque<LaneID> = []

    /// Returns whether one more lane may be opened.
    func hasPlace(_ limit: UInt32) -> Bool {
        closesLanes ? lanes.count < Int(limit) && lastNumber < .max : lastNumber < limit
    }
}
