internal import AMQP
internal import AgentExchange

/// The consumer of one stream of the directory, and how far it has come.
struct DirectoryReader: Sendable {
    let consumer: StandingConsumer
    /// Where it is read.
    var channel: Channel?
    /// The last record that was read, which comes first on a new connection.
    var expected: (offset: UInt64, id: String?)?
    /// Whether the next record must be that one.
    private var mustMatch = false
    /// Whether it is to be read from the beginning, and what comes on that channel does not count any more.
    var isStartingOver = false
    /// Whether a fence of ours was read since it was read from the beginning.
    var isCaughtUp = false
    /// What was read since the beginning: until that is all, and as long as it is compared with what is known.
    var contents: DirectoryIndex?
    /// Records that were read, ever.
    private(set) var reads = 0

    init(_ consumer: StandingConsumer) {
        self.consumer = consumer
    }

    /// How many records the stream has, as far as it was read.
    var length: UInt64 { expected.map { $0.offset == .max ? .max : $0.offset + 1 } ?? 0 }

    /// Whether it is this channel on which it is read now.
    func isRead(on other: Channel) -> Bool {
        channel.map { $0.connection === other.connection && $0.number == other.number } == true
    }

    /// Returns the channel to close.
    mutating func startOver() -> Channel? {
        isStartingOver = true
        isCaughtUp = false
        return channel
    }

    /// It begins on a channel; from the beginning when nothing of it is known.
    mutating func begin(on channel: Channel, bounds: DirectoryIndex.Bounds) {
        self.channel = channel
        if isStartingOver { expected = nil }
        isStartingOver = false
        mustMatch = expected != nil
        guard expected == nil else { return }
        isCaughtUp = false
        contents = DirectoryIndex(bounds: bounds)
    }

    /// Whether a record is to be taken in. `false` for the one that was the last on the connection before.
    ///
    /// The stream was deleted and made again meanwhile when the record is not the one that was expected: then it is read
    /// from the beginning.
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
