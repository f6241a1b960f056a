/// The open channels of a connection, by number.
final class ChannelTable {
    private let maximumCount: Int
    private let maximumBodySize: Int
    private var records: [UInt16: ChannelRecord] = [:]
    private var lastNumber: UInt16 = 0
    private var lastGeneration: UInt32 = 0

    init(maximumCount: Int, maximumBodySize: Int) {
        self.maximumCount = maximumCount
        self.maximumBodySize = maximumBodySize
    }

    /// All channels.
    var all: [ChannelRecord] { Array(records.values) }

    /// The channel with a number.
    subscript(number: UInt16) -> ChannelRecord? { records[number] }

    /// The channel, unless it has ended or its number belongs to another one by now.
    subscript(key: ChannelKey) -> ChannelRecord? {
        guard let channel = records[key.number], channel.key == key else { return nil }
        return channel
    }

    /// Adds a channel.
    ///
    /// - Throws: `channelLimitReached` when no number is free.
    func add(confirms: Bool) throws(AMQPError) -> ChannelRecord {
        guard records.count < maximumCount else {
            throw AMQPError(
                code: .channelLimitReached,
                delivery: .notSent,
                message: "All \(maximumCount) channels of the connection are open."
            )
        }
        // Numbers are used in turn, so that each is reused as late as possible.
        repeat {
            lastNumber = Int(lastNumber) >= maximumCount ? 1 : lastNumber + 1
        } while records[lastNumber] != nil
        lastGeneration &+= 1
        let key = ChannelKey(number: lastNumber, generation: lastGeneration)
        let channel = ChannelRecord(key: key, confirms: confirms, maximumBodySize: maximumBodySize)
        records[lastNumber] = channel
        return channel
    }

    /// Forgets a channel that has ended. Its number is free.
    func remove(_ channel: ChannelRecord) { records[channel.key.number] = nil }
}
