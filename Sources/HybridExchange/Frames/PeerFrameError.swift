/// A fault in the bytes of a peer. The connection ends, and nothing of the frame is used.
enum PeerFrameError: Error, Hashable {
    /// The length of a frame is zero, or more than ``PeerFrame/largestLength``.
    case invalidLength(UInt32)
    /// A body ends too early.
    case truncated
    /// A body has bytes behind its end.
    case excess
    /// A field has a value that it can't have.
    case invalid(String)
    /// A message has more bytes than this side takes.
    case messageTooLarge(UInt64)
    /// The messages that have begun to come have more bytes together than this side takes.
    case tooMuchBegun
    /// A piece came that is not the next of its lane's message.
    case misplacedPiece(lane: UInt32)
}
