internal import AMQP
internal import AgentExchange

/// The reason that a message is a dead letter.
enum DeadLetterReason: String, Sendable, CaseIterable {
    /// The mailbox was terminated.
    case terminated = "mailbox-terminated"
    /// The deadline passed in the mailbox.
    case expired
    /// The message was delivered too often.
    case deliveryLimit = "delivery_limit"
    /// The mailbox was full.
    case overflow = "maxlen"
    /// A consumer rejected it.
    case rejected

    /// Reads the reason from Warren's own header, else from the broker's.
    init?(_ headers: FieldTable) {
        let ours = headers[Header.reason]?.stringValue
        let brokers = headers[Header.firstDeathReason]?.stringValue ?? Self.lastDeath(headers)
        guard let reason = (ours ?? brokers).flatMap(Self.init(rawValue:)) else { return nil }
        self = reason
    }

    private static func lastDeath(_ headers: FieldTable) -> String? {
        headers[Header.deaths]?.arrayValue?.first?.tableValue?["reason"]?.stringValue
    }

    /// The failure that the requester receives.
    var failure: Failure {
        switch self {
        case .terminated, .rejected: Failure(.mailboxTerminated, "the mailbox was terminated")
        case .expired: Failure(.deadlineExceeded, "the deadline passed before the request was received")
        case .deliveryLimit: Failure(.givenUp, "the request was received too often without an answer")
        case .overflow: Failure(.mailboxFull, "the mailbox was full")
        }
    }
}
