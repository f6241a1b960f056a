internal import AMQP
internal import AgentExchange

/// The progress in one of the directory's streams.
struct DirectoryReader: Sendable {
    /// The channel that it is read on.
    private var channel: Channel?
    /// The last record that was read. It comes first on a new connection.
    private(set) var expected: (offset: UInt64, id: String?)?
    /// Whether the next record must be that one.
    private var mustMatch = false
    /// Whether to read it from the beginning. Deliveries on the current channel no longer count.
    private(set) var isStartingOver = false
    /// Whether an own fence was read since the beginning.
    var isCaughtUp = false
    /// The contents read since the beginning, until they are complete, and while they are compared with the known ones.
    var contents: DirectoryIndex?
    /// The number of records ever read.
    private(set) var reads = 0

    /// The number of records in the stream, as far as it was read.
    var length: UInt64 { expected.map { $0.offset == .max ? .max : $0.offset + 1 } ?? 0 }

    /// Returns whether it is currently read on a channel.
    func isRead(on other: Channel) -> Bool {
        channel.map { $0.connection === other.connection && $0.number == other.number } == true
    }

    /// Restarts from the beginning. Returns the channel to close.
    mutating func startOver() -> Channel? {
        isStartingOver = true
        isCaughtUp = false
        return channel
    }

    /// Starts on a channel, from the beginning when no offset is known.
    mutating func begin(on channel: Channel, bounds: DirectoryIndex.Bounds) {
        self.channel = channel
        if isStartingOver { expected = nil }
        isStartingOver = false
        mustMatch = expected != nil
        guard expected == nil else { return }
        isCaughtUp = false
        contents = DirectoryIndex(bounds: bounds, isTranscript: true)
    }

    /// Returns whether to apply a record. `false` for the last record of the previous connection.
    ///
    /// If the record is not the expected one, the stream was deleted and recreated meanwhile, and is read from the
    /// beginning.
    mutating func accepts(_ offset: UInt64, _ id: String?) -> Bool {
        reads += 1
        if let expected, mustMatch {
            mustMatch = false
            if offset != expected.offset || id != expected.id { isStartingOver = true }
            return false
        }
        if let expected, offset <= expected.offset {
            isStartingOver = true
            return false
        }
        expected = (offset, id)
        return true
    }
}
