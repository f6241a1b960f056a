/// The credit that a requester grants for one streamed result: a pure value.
///
/// Credit is counted in parts, from the first. It begins with few parts, because their size is unknown, and grows with
/// the pulls: so far ahead that the parts that are not pulled yet take some 4 MiB, if they are as large as those before.
/// One part always has credit.
struct PartCredit {
    /// The maximum number of parts that an agent may send ahead of the pulls.
    static let window = 16

    /// The credit of a request, before a part has come.
    static let first = 4

    /// The bytes of one stream that may wait to be pulled.
    static let bytes = 4 << 20

    /// The bytes that may wait in all streams of a client.
    static let bytesOfAll = 64 << 20

    /// The number of parts that the agent may send, counted from the first.
    private(set) var granted: Int

    /// The size of large parts that came lately.
    private var size = 1

    init(granted: Int) {
        self.granted = granted
    }

    /// Records the size of a part that has come.
    mutating func arrived(bytes: Int) {
        size = max(bytes, size - size / 8, 1)
    }

    /// Raises the credit when that is worth a notice.
    ///
    /// - Parameters:
    ///   - pulled: The number of parts pulled.
    ///   - streams: The number of open streams of the client.
    /// - Returns: Whether the credit is a higher one.
    mutating func raise(pulled: Int, streams: Int) -> Bool {
        let room = min(Self.bytes, Self.bytesOfAll / max(1, streams))
        let ahead = min(max(1, room / size), Self.window)
        guard pulled + ahead >= granted + max(1, ahead / 2) else { return false }
        granted = pulled + ahead
        return true
    }
}
