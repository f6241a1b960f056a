/// The sizes that a session takes on a connection, and the optional features that it knows.
struct PeerOffer: Sendable, Hashable {
    /// Optional features, one bit each. Unknown ones are ignored.
    struct Capabilities: OptionSet, Sendable, Hashable {
        let rawValue: UInt32

        /// The session forgets lanes that its peer closes.
        static let closesLanes = Capabilities(rawValue: 1)
    }

    /// The largest message that the session takes, in bytes.
    var largestMessage: Int
    /// The number of unacknowledged messages that it takes.
    var windowMessages: Int
    /// Their size, in bytes.
    var windowBytes: Int
    var capabilities: Capabilities = []

    /// The size of an offer on the wire, in bytes. Later versions may append fields.
    static let size = 24

    init(largestMessage: Int, windowMessages: Int = 1024, windowBytes: Int = 4 << 20, _ capabilities: Capabilities = [])
    {
        self.largestMessage = largestMessage
        self.windowMessages = windowMessages
        self.windowBytes = windowBytes
        self.capabilities = capabilities
    }

    func write(to writer: inout ByteWriter) {
        writer.write(fixed: UInt64(clamping: largestMessage))
        writer.write(fixed: UInt32(clamping: windowMessages))
        writer.write(fixed: UInt64(clamping: windowBytes))
        writer.write(fixed: capabilities.rawValue)
    }

    /// Reads an offer. Numbers that this machine does not have become the largest that it has.
    init(_ reader: inout ByteReader) throws(PeerFrameError) {
        largestMessage = Int(clamping: try reader.fixed(UInt64.self))
        windowMessages = Int(clamping: try reader.fixed(UInt32.self))
        windowBytes = Int(clamping: try reader.fixed(UInt64.self))
        capabilities = Capabilities(rawValue: try reader.fixed(UInt32.self))
        guard largestMessage > 0, windowMessages > 0, windowBytes > 0 else { throw .invalid("a size is zero") }
    }
}
