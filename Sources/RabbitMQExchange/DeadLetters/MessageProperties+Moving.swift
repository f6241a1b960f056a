internal import AMQP
internal import AgentExchange

extension MessageProperties {
    /// Returns the properties for moving a message to the dead letters or the parked messages.
    ///
    /// There it must not expire unreported, and it must survive a restart. `CC` would make the broker send copies to
    /// any place that a foreign program chose. The publishing user was another.
    ///
    /// - Parameter principal: The authenticated sender, if the next receiver needs it.
    func forMoving(principal: String? = nil) -> MessageProperties {
        var properties = self
        properties.expiration = nil
        properties.userID = nil
        properties.headers[Header.principal] = .string(principal ?? "")
        properties.deliveryMode = .persistent
        properties.headers["CC"] = nil
        properties.headers["BCC"] = nil
        return properties
    }
}

extension AMQPError {
    /// Whether the message itself is at fault and can never be published.
    var isAboutTheMessage: Bool { code == .frameTooLarge || code == .nameTooLong || code == .unsupported }
}

extension ExchangeError {
    /// Whether the message itself is at fault and can never be published.
    var isAboutTheMessage: Bool { code == .messageTooLarge || code == .invalidMessage }
}
