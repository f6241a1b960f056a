#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A logged-in connection to a broker, as the engine sees it: frames out, frames in. Used on one thread only.
protocol Wire: AnyObject {
    /// What to poll.
    var descriptor: Int32 { get }
    /// The largest frame that was negotiated.
    var frameMax: Int { get }
    /// Bytes or an estimate of bytes that were written here and not yet given to the system.
    var unsent: Int { get }
    /// Whether to poll for writing.
    var wantsWrite: Bool { get }

    /// Adds a frame to what is sent with the next flush.
    func write(_ frame: OutgoingFrame) throws(AMQPError)
    /// Adds a body, split into frames.
    func write(body: Data, channel: UInt16) throws(AMQPError)
    /// Sends as much as the socket takes. Returns whether anything was sent.
    func flush() throws(AMQPError) -> Bool
    /// Reads what there is and hands each frame to `handle`. Returns whether any byte came, and whether more may be
    /// waiting that `poll` does not show.
    func receive(_ handle: (IncomingFrame) -> Void) throws(AMQPError) -> (received: Bool, more: Bool)
    /// Closes the descriptor.
    func close()
}
