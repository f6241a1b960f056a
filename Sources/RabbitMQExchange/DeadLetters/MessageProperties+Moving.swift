internal import AMQP
internal import AgentExchange

extension MessageProperties {
    /// The properties of a message that is published once more, to the dead letters or the parked messages.
    ///
    /// There it must not expire, because nobody would be told, and it must survive a restart. `CC` would make the broker
    /// send copies, by our own hand, to wherever a foreign program wants; the user that published it was another.
    ///
    /// - Parameter principal: Who was authenticated as its sender, where that matters to whoever gets it.
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
    /// Whether the message itself can't be published, now or later.
    var isAboutTheMessage: Bool { code == .frameTooLarge || code == .nameTooLong || code == .unsupported }
}

extension ExchangeError {
    /// Whether the message itself can't be published, now or later.
    var isAboutTheMessage: Bool { code == .messageTooLarge || code == .invalidMessage }
}
