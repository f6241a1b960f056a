/// Why a call on an exchange failed, and what became of the message.
///
/// Every public call of an exchange throws this type. ``code`` says what happened, ``delivery`` whether the message may
/// have arrived, ``isRetryable`` whether the same call can succeed later. A description never holds a payload, a
/// password or a token.
public struct ExchangeError: Error, Sendable {
    /// What an error holds is behind one reference: every call that can fail has room for one.
    private final class Parts: Sendable {
        let code: Code
        let message: String
        let entity: EntityID?
        let delivery: DeliveryOutcome
        let failure: Failure?
        let underlying: (any Error)?

        init(
            _ code: Code,
            _ message: String,
            _ entity: EntityID?,
            _ delivery: DeliveryOutcome,
            _ failure: Failure?,
            _ underlying: (any Error)?
        ) {
            self.code = code
            self.message = message
            self.entity = entity
            self.delivery = delivery
            self.failure = failure
            self.underlying = underlying
        }
    }

    private let parts: Parts

    /// What happened.
    public var code: Code { parts.code }

    /// A sentence for a person.
    public var message: String { parts.message }

    /// The entity it is about, if it is about one.
    public var entity: EntityID? { parts.entity }

    /// What became of the message that the call was to deliver.
    public var delivery: DeliveryOutcome { parts.delivery }

    /// The failure that the other side reported, for ``Code/remote`` and every other answer that was an error.
    public var failure: Failure? { parts.failure }

    /// The error below this one, if there is one.
    public var underlying: (any Error)? { parts.underlying }

    /// Makes an error. Without `delivery`, nothing was sent.
    public init(
        _ code: Code,
        _ message: String,
        entity: EntityID? = nil,
        delivery: DeliveryOutcome = .notSent,
        failure: Failure? = nil,
        underlying: (any Error)? = nil
    ) {
        parts = Parts(code, message, entity, delivery, failure, underlying)
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
