extension AMQPError {
    /// The error for a `channel.close` from the broker.
    static func channelClosed(byBroker code: UInt16, text: String, delivery: PublicationOutcome = .unknown) -> AMQPError
    {
        let kind: Code =
            switch code {
            case 406 where namesLimit(text): .limitReached
            case 403: .accessRefused
            case 404: .notFound
            case 405: .resourceLocked
            case 406: .preconditionFailed
            default: .channelClosed
            }
        return AMQPError(code: kind, delivery: delivery, replyCode: Int(code), message: text)
    }

    /// The error for a `connection.close` from the broker.
    static func connectionClosed(byBroker code: UInt16, text: String) -> AMQPError {
        AMQPError(code: .connectionClosed, delivery: .unknown, replyCode: Int(code), message: text)
    }

    /// Returns whether a reply reports a reached limit of the broker. The protocol has no code for that, so only the
    /// text tells. An unrecognized text keeps the meaning of its code.
    private static func namesLimit(_ text: String) -> Bool {
        text.contains("limit") && (text.contains("reached") || text.contains("exceeded"))
    }

    /// Returns the code for a `connection.close` at the login.
    static func loginRefusal(_ code: UInt16, _ text: String) -> Code {
        switch code {
        case 403: .authenticationFailed
        case 530 where namesLimit(text): .limitReached
        case 530 where text.contains("not found"): .virtualHostNotFound
        case 530 where text.contains("is down"): .connectionClosed
        case 530: .accessRefused
        default: .connectionClosed
        }
    }

    /// Whether a limit of the broker, the virtual host, the user or this connection is the cause.
    package var isLimit: Bool {
        switch code {
        case .limitReached, .channelLimitReached: true
        case .connectionClosed: Self.namesLimit(message)
        default: false
        }
    }

    /// Returns the error for bytes that the protocol does not allow here.
    static func protocolViolation(_ what: String) -> AMQPError {
        AMQPError(code: .protocolMismatch, delivery: .unknown, message: what, isRetryable: true)
    }

    /// Returns the error for a call on an object that this side closed.
    static func closed(_ what: String, delivery: PublicationOutcome = .notSent) -> AMQPError {
        AMQPError(code: .closed, delivery: delivery, message: "The \(what) is closed.")
    }

    /// The broker's negative confirm.
    static var nacked: AMQPError {
        AMQPError(code: .nacked, delivery: .refused, message: "The broker refused the message.")
    }

    /// The return of a mandatory message.
    static func unroutable(_ code: UInt16, _ text: String) -> AMQPError {
        AMQPError(
            code: .unroutable,
            delivery: .refused,
            replyCode: Int(code),
            message: "No queue took the message: \(text)"
        )
    }

    /// The deadline of a publication while the broker blocks its connection.
    static func blocked(because reason: String) -> AMQPError {
        AMQPError(
            code: .blocked,
            delivery: .notSent,
            message: "The broker takes no messages until the deadline: \(reason)"
        )
    }

    /// The deadline of a publication.
    static var deadlinePassed: AMQPError {
        AMQPError(code: .timedOut, delivery: .notSent, message: "The deadline has passed.")
    }

    /// The cancellation of the calling task.
    static var taskCancelled: AMQPError {
        AMQPError(code: .cancelled, delivery: .notSent, message: "The task was cancelled.")
    }
}
