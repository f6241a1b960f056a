/// The largest body that the broker accepts, as far as known.
///
/// The broker does not publish its `max_message_size`. It closes the channel of a publication with a larger body (406),
/// and its text has both sizes. The limit is remembered for a minute, because an operator may raise it.
struct BodyLimit {
    typealias Instant = ContinuousClock.Instant

    private static let memory = Duration.seconds(60)
    private var known: (size: Int, until: Instant)?

    /// Returns the limit while it is remembered.
    func largest(at now: Instant) -> Int? {
        known.flatMap { now < $0.until ? $0.size : nil }
    }

    /// Remembers the limit that the broker named.
    mutating func learn(_ size: Int, now: Instant) {
        known = (size, now + Self.memory)
    }

    /// Returns the limit in an error that refuses one of the bodies for its size, and that size. Its text contains both
    /// numbers, in any words.
    static func named(by error: AMQPError, refusing sizes: Set<Int>) -> (limit: Int, size: Int)? {
        guard error.replyCode == 406 else { return nil }
        let numbers = error.message.split { $0 == " " || $0 == "," || $0 == ";" || $0 == "(" || $0 == ")" }
            .compactMap { Int($0) }
        guard let size = numbers.filter(sizes.contains).max() else { return nil }
        return numbers.filter { $0 < size && $0 > 0 }.max().map { ($0, size) }
    }
}

extension AMQPError {
    /// Returns the error for a body larger than the broker accepts.
    static func tooLarge(_ size: Int, limit: Int, delivery: PublicationOutcome) -> AMQPError {
        AMQPError(
            code: .frameTooLarge,
            delivery: delivery,
            replyCode: delivery == .refused ? 406 : nil,
            message: "The body has \(size) bytes; the broker takes \(limit)."
        )
    }

    /// Whether the broker closed the connection because of a frame on it: for every reason but an operator's order or
    /// its own shutdown (320).
    var namesCulprit: Bool { code == .connectionClosed && replyCode != nil && replyCode != 320 }
}
