/// Something that the ledgers say and Warren promises not to happen.
public struct Violation: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Which promise was broken.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// A request was accepted, its requester lived on, and no answer came.
        case lost
        /// An agent's answer was taken by the exchange, and its requester, which lived on, did not get it.
        case answerLost = "answer-lost"
        /// A requester was given two answers to one request.
        case duplicated
        /// A requester was given an answer to something that it never asked.
        case unasked
        /// An answer that does not belong to its request.
        case wrongAnswer = "wrong-answer"
        /// A result of something that nobody executed.
        case invented
        /// What failed as not sent or refused was executed.
        case refusedExecuted = "refused-executed"
        /// What failed as not sent or refused was answered.
        case refusedAnswered = "refused-answered"
        /// A request was answered with `mailbox-terminated`, and nobody had terminated the mailbox.
        case falseTermination = "false-termination"
        /// An execution began after the request was answered with `mailbox-terminated`.
        case executedLate = "executed-late"
        /// A send that began after the termination of the mailbox had returned was accepted.
        case acceptedLate = "accepted-late"
        /// Requests of one sender reached a mailbox in another order than they were sent in.
        case reordered
        /// A request was executed again although nothing had happened that explains it.
        case executedAgain = "executed-again"
        /// An event was accepted, and an agent type with a subscription did not handle it.
        case eventLost = "event-lost"
        /// An agent type without a subscription was given an event.
        case strayEvent = "stray-event"
        /// Two workers ran messages of one address at the same time.
        case twoOwners = "two-owners"
        /// A send did not end in time.
        case hung
        /// A process ended that nobody had ended.
        case died
    }

    /// Which promise was broken.
    public let kind: Kind
    /// What the ledgers say.
    public let text: String

    /// Makes a violation.
    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    /// The kind and the text.
    public var description: String { "\(kind.rawValue): \(text)" }
}
