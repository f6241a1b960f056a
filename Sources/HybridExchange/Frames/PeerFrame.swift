internal import AgentExchange
internal import Foundation

/// A frame between two peers.
///
/// On the wire a frame is its length (`u32`, big-endian, without itself), its kind (`u8`) and its body. Numbers in bodies
/// are base-128, lowest bits first, unless a size is given. Receivers skip frames of unknown kinds.
enum PeerFrame: Sendable, Hashable {
    /// A message on a lane, complete. Large ones travel in pieces: see ``PeerFrameEncoder/data(lane:opening:isCopied:_:)``.
    ///
    /// `isCopied` is true when the broker has the message too.
    case data(lane: UInt32, opening: UInt32, isCopied: Bool, message: [UInt8])
    /// The numbers of messages that are in inboxes, for each lane with news, at most ``largestAck``.
    case ack([LaneCount])
    /// An opening of a lane begins. With the digest of a marker, the sender waits until the receiver has read the marker in
    /// its queue.
    case open(lane: UInt32, opening: UInt32, LaneID, marker: UUID?)
    /// The receiver has read the marker of an opening, and proves it by naming it.
    case opened(lane: UInt32, opening: UInt32, marker: UUID)
    /// The receiver refuses the message at a position of an opening, counted from 0, and everything behind it.
    case refused(lane: UInt32, opening: UInt32, from: UInt64, Refusal)
    /// The broker has a request now that travelled on the lane. An owner says so when it gives a request back, a
    /// requester when a copy comes.
    case queued(lane: UInt32, tag: UUID)
    /// A notice about a request, from the source of the lane to its destination. It has no order.
    case notice(lane: UInt32, message: [UInt8])
    /// Asks for a ``pong(_:)`` with the same number.
    case ping(UInt64)
    case pong(UInt64)
    /// The lane has no more messages, and its number is not used again. Only for peers that know it:
    /// ``PeerOffer/Capabilities/closesLanes``.
    case close(lane: UInt32)
    /// The sender writes no more, and closes when it has read everything.
    case bye

    /// The number of messages of an opening that are in the inbox.
    struct LaneCount: Sendable, Hashable {
        let lane: UInt32
        let opening: UInt32
        let count: UInt64
    }

    /// The kind on the wire.
    enum Code: UInt8, Sendable {
        case data = 1
        case ack, open, opened, refused, queued, notice, ping, pong, bye, close
    }

    /// The largest piece of a message, in bytes. Nothing small waits behind more.
    static let largestPiece = 64 << 10

    /// The largest number of lanes in one ``ack(_:)``.
    static let largestAck = 1024

    /// The largest frame without its length: a piece, and the numbers before it.
    static let largestLength = largestPiece + 64
}
