/// The largest body that the broker takes, as far as it is known.
///
/// The broker tells its `max_message_size` to nobody; it closes the channel of a publication with a larger body (406) and names
/// both sizes. The limit is remembered for a minute, since an operator may lift it.
struct BodyLimit {
    typealias Instant = ContinuousClock.Instant

    private static let memory = Duration.seconds(60)
    private var known: (size: Int, until: Instant)?

    /// The limit, while it is remembered.
    func largest(at now: Instant) -> Int? {
        known.flatMap { now < $0.until ? $0.size : nil }
    }

    /// The broker named its limit.
    mutating func learn(_ size: Int, now: Instant) {
        known = (size, now + Self.memory)
    }

    /// The limit that an error names, if it refuses one of the bodies for its size: its text has the size of that body and a
    /// smaller number, in whatever words.
    static func named(by error: AMQPError, refusing sizes: Set<Int>) -> Int? {
        guard error.replyCode == 406 else { return nil }
        let numbers = error.message.split { $0 == " " || $0 == "," || $0 == ";" || $0 == "(" || $0 == ")" }
            .compactMap { Int($0) }
        guard let size = numbers.filter(sizes.contains).max() else { return nil }
        return numbers.filter { $0 < size && $0 > 0 }.max()
    }
}

extension AMQPError {
    /// A body that is larger than the broker takes.
    static func tooLarge(_ size: Int, limit: Int, delivery: DeliveryOutcome) -> AMQPError {
        AMQPError(
            code: .frameTooLarge,
            delivery: delivery,
            replyCode: delivery == .refused ? 406 : nil,
            message: "The body has \(size) bytes; the broker takes \(limit)."
        )
    }

    /// Whether the broker closed a connection because of what it was sent on it: everything but an operator's order, or its
    /// own end (320).
    var namesCulprit: Bool { code == .connectionClosed && replyCode != nil && replyCode != 320 }
}
