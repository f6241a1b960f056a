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
