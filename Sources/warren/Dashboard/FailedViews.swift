import RabbitMQExchange

/// The oldest failed requests that agents kept, without arguments and without the texts of errors, which actions write.
struct FailedListView: Encodable, Sendable {
    /// The largest number of requests.
    static let limit = 100

    let requests: [FailedLine]
    let limit = Self.limit

    init(_ messages: [ParkedMessage]) {
        requests = messages.map { FailedLine($0, withBody: false, withError: false) }
    }
}

/// A failed request with its error and the beginning of its arguments.
struct FailedRequestView: Encodable, Sendable {
    let line: FailedLine
    let isCut: Bool

    private enum CodingKeys: String, CodingKey {
        case isCut
    }

    init(_ message: ParkedMessage) {
        line = FailedLine(message, withBody: true, shownBytes: ParkedMessageView.shownBytes)
        isCut = message.size > ParkedMessageView.shownBytes
    }

    func encode(to encoder: any Encoder) throws {
        try line.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(isCut, forKey: .isCut)
    }
}
