extension AMQPError {
    /// The error for a `channel.close` from the broker.
    static func channelClosed(byBroker code: UInt16, text: String, delivery: DeliveryOutcome = .unknown) -> AMQPError {
        let kind: Code =
            switch code {
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

    /// The peer sent something the protocol does not allow here.
    static func protocolViolation(_ what: String) -> AMQPError {
        AMQPError(code: .protocolMismatch, delivery: .unknown, message: what, isRetryable: true)
    }

    /// This side closed what the call was about.
    static func closed(_ what: String, delivery: DeliveryOutcome = .notSent) -> AMQPError {
        AMQPError(code: .closed, delivery: delivery, message: "The \(what) is closed.")
    }
}
