import RabbitMQExchange

/// The oldest parked messages.
struct ParkedListView: Encodable, Sendable {
    /// The largest number of messages.
    static let limit = 100

    let messages: [ParkedLine]
    let limit = Self.limit

    init(_ messages: [ParkedMessage]) {
        self.messages = messages.map { ParkedLine($0, withBody: false) }
    }
}

/// A message of an operator's queue, with the beginning of its body: a ``ParkedLine`` or a ``FailedLine``.
struct KeptMessageView<Line: Encodable & Sendable>: Encodable, Sendable {
    let line: Line
    let isCut: Bool

    private enum CodingKeys: String, CodingKey {
        case isCut
    }

    /// - Parameter line: Makes the line, with so many bytes of the body at most.
    init(_ message: ParkedMessage, _ line: (_ shownBytes: Int) -> Line) {
        let shownBytes = 16_384
        self.line = line(shownBytes)
        isCut = message.size > shownBytes
    }

    func encode(to encoder: any Encoder) throws {
        try line.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(isCut, forKey: .isCut)
    }
}
