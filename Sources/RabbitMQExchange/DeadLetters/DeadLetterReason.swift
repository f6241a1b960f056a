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
    ///
    /// A delayed request has died in the queues of its levels before. If such a queue was the last one, its mailbox is gone.
    init?(_ headers: FieldTable) {
        let last = headers[Header.deaths]?.arrayValue?.first?.tableValue
        if headers[Header.reason] == nil, let queue = last?["queue"]?.stringValue, Self.isOfDelays(queue) {
            self = .terminated
            return
        }
        let wasDelayed = headers[Header.firstDeathQueue]?.stringValue.map(Self.isOfDelays) ?? false
        let first = wasDelayed ? nil : headers[Header.firstDeathReason]?.stringValue
        let reason = headers[Header.reason]?.stringValue ?? first ?? last?["reason"]?.stringValue
        guard let reason = reason.flatMap(Self.init(rawValue:)) else { return nil }
        self = reason
    }

    /// Returns whether a queue, `warren.<namespace>.delays.<…>`, belongs to the delays.
    private static func isOfDelays(_ queue: String) -> Bool {
        queue.split(separator: ".", maxSplits: 3).dropFirst(2).first == "delays"
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
