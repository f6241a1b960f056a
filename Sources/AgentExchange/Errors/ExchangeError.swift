/// The reason that a call on an exchange failed, and the outcome of its message.
///
/// Every public call of an exchange throws this type. ``code`` is the kind of error, ``delivery`` tells whether the
/// message may have arrived, and ``isRetryable`` whether the same call can succeed later. A description never contains
/// a payload, a password or a token.
public struct ExchangeError: Error, Sendable {
    /// Keeps the error as small as one reference: every call that can fail reserves space for it.
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

    /// The kind of error.
    public var code: Code { parts.code }

    /// A sentence that explains the error.
    public var message: String { parts.message }

    /// The entity that the error concerns, if any.
    public var entity: EntityID? { parts.entity }

    /// The outcome of the call's message.
    public var delivery: DeliveryOutcome { parts.delivery }

    /// The failure that the other side reported, for ``Code/remote`` and every other error answer.
    public var failure: Failure? { parts.failure }

    /// The underlying error, if any.
    public var underlying: (any Error)? { parts.underlying }

    /// Makes an error. By default the message counts as not sent.
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

    /// Whether the same call can succeed later without any other change.
    ///
    /// If ``delivery`` is ``DeliveryOutcome/unknown``, a retry may run an action twice.
    public var isRetryable: Bool { code.isRetryable }
}

/// The outcome of a message whose delivery failed.
public enum DeliveryOutcome: String, Sendable, Hashable, Codable {
    /// The message never left this process.
    case notSent
    /// The exchange rejected the message: it was not delivered and will not be.
    case refused
    /// The message may have been delivered.
    case unknown
    /// The message was delivered, and the error is its answer.
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

extension ExchangeError {
    /// Makes the error for an error answer.
    init(_ failure: Failure, from entity: EntityID) {
        let undelivered: [Code] = [.mailboxTerminated, .mailboxFull]
        self.init(
            failure.code,
            failure.description,
            entity: entity,
            delivery: undelivered.contains(failure.code) ? .refused : .delivered,
            failure: failure
        )
    }
}
