/// Why a call on an exchange failed, and what became of the message.
///
/// Every public call of an exchange throws this type. ``code`` says what happened, ``delivery`` whether the message may
/// have arrived, ``isRetryable`` whether the same call can succeed later. A description never holds a payload, a
/// password or a token.
public struct ExchangeError: Error, Sendable {
    /// What happened.
    public let code: Code

    /// A sentence for a person.
    public let message: String

    /// The entity it is about, if it is about one.
    public let entity: EntityID?

    /// What became of the message that the call was to deliver.
    public let delivery: DeliveryOutcome

    /// The failure that the other side reported, for ``Code/remote`` and every other answer that was an error.
    public let failure: Failure?

    /// The error below this one, if there is one.
    public let underlying: (any Error)?

    /// Makes an error. Without `delivery`, nothing was sent.
    public init(
        _ code: Code,
        _ message: String,
        entity: EntityID? = nil,
        delivery: DeliveryOutcome = .notSent,
        failure: Failure? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.entity = entity
        self.delivery = delivery
        self.failure = failure
        self.underlying = underlying
    }

    /// Whether the same call can succeed later without anything being changed.
    ///
    /// When ``delivery`` is ``DeliveryOutcome/unknown`` a retry may run an action twice.
    public var isRetryable: Bool { code.isRetryable }
}

/// What became of a message whose delivery failed.
public enum DeliveryOutcome: String, Sendable, Hashable, Codable {
    /// It never left this process.
    case notSent
    /// The exchange did not accept it: it was not delivered and will not be.
    case refused
    /// It may have been delivered.
    case unknown
    /// It was delivered; the error is the answer to it.
    case delivered
}

extension ExchangeError: CustomStringConvertible {
    /// `code: message [entity]`, then whether the message may have been delivered, then the underlying error.
    public var description: String {
        var text = "\(code.rawValue): \(message)"
        if let entity { text += " [\(entity)]" }
        if delivery == .unknown { text += " (it may have been delivered)" }
        if let underlying { text += ": \(underlying)" }
        return text
    }
}
