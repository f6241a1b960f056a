/// The error type of this layer: the kind of failure, the outcome of the message, and whether a retry can help.
///
/// No description ever contains a message body, a password or a token.
public struct AMQPError: Error, Sendable {
    /// Keeps the error as small as one reference: every call that can fail reserves space for it.
    private final class Parts: Sendable {
        let code: Code
        let delivery: PublicationOutcome
        let replyCode: Int?
        let message: String
        let recoverySuggestion: String?
        let isRetryable: Bool
        let underlying: (any Error)?

        init(
            code: Code,
            delivery: PublicationOutcome,
            replyCode: Int?,
            message: String,
            recoverySuggestion: String?,
            isRetryable: Bool,
            underlying: (any Error)?
        ) {
            self.code = code
            self.delivery = delivery
            self.replyCode = replyCode
            self.message = message
            self.recoverySuggestion = recoverySuggestion
            self.isRetryable = isRetryable
            self.underlying = underlying
        }
    }

    private let parts: Parts

    /// The kind of failure.
    public var code: Code { parts.code }
    /// The outcome of the message or request.
    public var delivery: PublicationOutcome { parts.delivery }
    /// The broker's AMQP reply code, if any (404, 403, 312 …).
    public var replyCode: Int? { parts.replyCode }
    /// A sentence for people.
    public var message: String { parts.message }
    /// How to fix the problem, if known. The message contains it too.
    public var recoverySuggestion: String? { parts.recoverySuggestion }
    /// Whether the same call can succeed later without a change by the caller.
    public var isRetryable: Bool { parts.isRetryable }
    /// The underlying error, if any.
    public var underlying: (any Error)? { parts.underlying }

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - delivery: The outcome of the message or request.
    ///   - replyCode: The broker's reply code, if any.
    ///   - message: A sentence for people, without secrets.
    ///   - recoverySuggestion: How to fix the problem, if known.
    ///   - isRetryable: Whether a retry can help; by default the code decides.
    ///   - underlying: The underlying error.
    public init(
        code: Code,
        delivery: PublicationOutcome,
        replyCode: Int? = nil,
        message: String,
        recoverySuggestion: String? = nil,
        isRetryable: Bool? = nil,
        underlying: (any Error)? = nil
    ) {
        parts = Parts(
            code: code,
            delivery: delivery,
            replyCode: replyCode,
            message: message,
            recoverySuggestion: recoverySuggestion,
            isRetryable: isRetryable ?? code.isUsuallyRetryable,
            underlying: underlying
        )
    }

    package func with(delivery: PublicationOutcome) -> AMQPError {
        AMQPError(
            code: code,
            delivery: delivery,
            replyCode: replyCode,
            message: message,
            recoverySuggestion: recoverySuggestion,
            isRetryable: isRetryable,
            underlying: underlying
        )
    }
}

extension AMQPError: CustomStringConvertible {
    /// Code, outcome, reply code and message in one line.
    public var description: String {
        let reply = replyCode.map { " \($0)" } ?? ""
        return "\(code)\(reply) (\(delivery.rawValue)): \(message)"
    }
}

extension AMQPError: Equatable {
    /// Equal in everything but the underlying error.
    public static func == (lhs: AMQPError, rhs: AMQPError) -> Bool {
        lhs.code == rhs.code && lhs.delivery == rhs.delivery && lhs.replyCode == rhs.replyCode
            && lhs.message == rhs.message && lhs.isRetryable == rhs.isRetryable
    }
}

extension AMQPError: Hashable {
    /// Hashes the parts that `==` compares, except the text.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(delivery)
        hasher.combine(replyCode)
    }
}
