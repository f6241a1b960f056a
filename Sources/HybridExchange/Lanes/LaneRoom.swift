/// The room for further messages, as the other lanes of a connection and of a requester leave it.
struct LaneRoom: Sendable, Hashable {
    /// The number of messages that may be written and unacknowledged.
    var messages: Int
    /// Their size in bytes.
    var bytes: Int
    /// The size of further messages that may be kept here, in bytes.
    var keptBytes: Int
    /// The largest message that the peer takes, in bytes.
    var largest: Int
    /// Whether nothing is unacknowledged: then one message of any size fits.
    var isIdle: Bool

    /// Takes the room for one message. Returns `false` when it must wait for an acknowledgement.
    mutating func take(_ size: Int) -> Bool {
        guard messages > 0, isIdle || size <= bytes else { return false }
        messages -= 1
        bytes -= size
        isIdle = false
        return true
    }
}
