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

/// A parked message with the beginning of its body.
struct ParkedMessageView: Encodable, Sendable {
    /// The number of bytes of a body that are shown.
    static let shownBytes = 16_384

    let line: ParkedLine
    let isCut: Bool

    private enum CodingKeys: String, CodingKey {
        case isCut
    }

    init(_ message: ParkedMessage) {
        line = ParkedLine(message, withBody: true, shownBytes: Self.shownBytes)
        isCut = message.size > Self.shownBytes
    }

    func encode(to encoder: any Encoder) throws {
        try line.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(isCut, forKey: .isCut)
    }
}
