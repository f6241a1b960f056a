public import AgentExchange

extension WorkerRuntime {
    /// Publishes an event to the agents that subscribed to its topic. Returns when the exchange has taken responsibility for
    /// it; its handlers may run later.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - topic: The topic.
    ///   - sender: The agent in whose name it is published. It does not receive the event.
    ///   - id: Identifies the message for its receivers, in ``MessageContext/messageID``: 1 to 255 bytes.
    ///   - requiringSubscriber: Whether an event without a subscriber is an error.
    /// - Returns: The publication, with whether an agent type received it. An event that matches no subscription is dropped.
    /// - Throws: `noSerializer`, `invalidTopic`, `messageTooLarge`; `undeliverable` without a subscriber when one is
    ///   required; `unsupported` on an exchange without topics; the errors of the exchange's connection.
    @discardableResult
    public func publish<Message: Sendable>(
        _ message: Message,
        to topic: Topic,
        sender: AgentAddress? = nil,
        id: String? = nil,
        requiringSubscriber: Bool = false
    ) async throws(ExchangeError) -> Publication {
        let events = try client(of: sender).transport.events
        return try await messages.publish(
            message,
            to: topic,
            sender,
            id,
            requiringSubscriber: requiringSubscriber,
            events
        )
    }

    /// Adds a subscription, for a type of this or of another worker, or for one that comes later.
    ///
    /// - Throws: `subscriptionExists` when one with the same identifier, or with the same rule and agent type, is listed;
    ///   `invalidTopic`, `invalidMessage`, `limitReached`, `unsupported`.
    public func subscribe(_ subscription: Subscription) async throws(ExchangeError) {
        try await user().transport.events.subscribe(subscription, adopting: false)
    }

    /// Removes a subscription, also one of another worker.
    ///
    /// - Throws: `subscriptionMissing`, `unsupported`.
    public func unsubscribe(id: String) async throws(ExchangeError) {
        try await user().transport.events.unsubscribe(id: id)
    }

    /// Returns the subscriptions of the exchange, oldest first.
    ///
    /// - Throws: `unsupported`.
    public func subscriptions() async throws(ExchangeError) -> [Subscription] {
        try await user().transport.events.subscriptions()
    }
}
