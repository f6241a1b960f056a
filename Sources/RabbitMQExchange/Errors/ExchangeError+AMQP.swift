internal import AMQP
internal import AgentExchange

extension ExchangeError {
    /// Makes an exchange error from an error of the AMQP connection.
    ///
    /// - Parameter delivery: The outcome of the message, if the caller knows it better than the connection.
    init(
        _ error: AMQPError,
        _ what: String,
        entity: EntityID? = nil,
        delivery known: AgentExchange.DeliveryOutcome? = nil
    ) {
        let code: Code =
            switch error.code {
            case _ where error.isLimit: .limitReached
            case .invalidURL, .invalidConfiguration: .invalidConfiguration
            case .authenticationFailed: .unauthorized
            case .accessRefused: .forbidden
            case .nacked: .mailboxFull
            case .blocked: .brokerBlocked
            case .timedOut: .deadlineExceeded
            case .cancelled: .cancelled
            case .frameTooLarge: .messageTooLarge
            case .nameTooLong: .invalidMessage
            case .unsupported where error.replyCode == 406: .invalidMessage
            case .notFound, .unroutable, .consumerCancelled, .virtualHostNotFound: .unavailable
            case .closed: .closed
            case .unresolvableHost, .connectionRefused, .connectTimedOut, .connectionClosed, .connectionLost,
                .heartbeatMissed, .channelClosed, .tlsFailed, .protocolMismatch:
                .connectionLost
            default: .internal
            }
        let delivery: AgentExchange.DeliveryOutcome =
            switch error.delivery {
            case .notSent: .notSent
            case .refused: .refused
            case .unknown: .unknown
            }
        let text = code == .messageTooLarge ? "\(what): \(error.message)" : what
        self.init(code, text, entity: entity, delivery: known ?? delivery, underlying: error)
    }
}

extension AMQPError: BrokerFault {
    package var isAboutThePlace: Bool { code == .virtualHostNotFound }
}
