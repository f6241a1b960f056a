/// The reason that a connection to a peer ended.
enum PeerEnding: Error, Hashable {
    /// Both sides said `bye`: each has read everything that the other wrote.
    case closed
    /// The connection was cut or reset. Frames may be lost on the way.
    case cut
    /// Nothing came for two intervals.
    case silent
    /// The peer read nothing for two intervals.
    case stalled
    /// The peer reads no replies, and their queue is full.
    case unread
    /// The bytes of the peer are no frames.
    case invalid(PeerFrameError)
    /// A frame breaks the rules of lanes.
    case violation(LaneViolation)
    /// A frame came behind `bye`.
    case frameAfterBye
    /// No new key came through the broker in time.
    case proofExpired
    /// Another connection to the same peer stays.
    case replaced
    /// Other peers needed the place, and this one was idle.
    case idle
    /// The peer did not say `bye` before the deadline of the close.
    case closeTimedOut

    /// The reason as text, for logs and metrics. There is a fixed, small number of values.
    var reason: String {
        switch self {
        case .closed: "closed"
        case .cut: "cut"
        case .silent: "silent"
        case .stalled: "stalled"
        case .unread: "unread"
        case .invalid: "invalid"
        case .violation: "violation"
        case .frameAfterBye: "frame-after-bye"
        case .proofExpired: "proof-expired"
        case .replaced: "replaced"
        case .idle: "idle"
        case .closeTimedOut: "close-timed-out"
        }
    }
}
