#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A logged-in connection to a broker for the engine: frames out, frames in. Used on one thread only.
protocol Wire: AnyObject {
    /// The descriptor to poll.
    var descriptor: Int32 { get }
    /// The largest frame that was negotiated.
    var frameMax: Int { get }
    /// The number of bytes, or an estimate, written here and not yet passed to the system.
    var unsent: Int { get }
    /// Whether to poll for writing.
    var wantsWrite: Bool { get }

    /// Adds a method to the next flush.
    func write(_ method: OutgoingMethod, channel: UInt16) throws(AMQPError)
    /// Adds the header of a content.
    func write(_ properties: MessageProperties, bodySize: Int, channel: UInt16) throws(AMQPError)
    /// Adds a body, split into frames.
    func write(body: Data, channel: UInt16) throws(AMQPError)
    /// Adds a heartbeat.
    func writeHeartbeat()
    /// Sends as much as the socket accepts. Returns whether anything was sent.
    func flush() throws(AMQPError) -> Bool
    /// Reads the available bytes and passes each frame to `handle`. Returns whether any byte arrived, and whether more
    /// may be waiting that `poll` does not report.
    func receive(_ handle: (IncomingFrame) -> Void) throws(AMQPError) -> (received: Bool, more: Bool)
    /// Closes the descriptor.
    func close()
}
