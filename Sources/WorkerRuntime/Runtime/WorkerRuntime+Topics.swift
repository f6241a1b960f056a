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
    /// - Returns: The publication, with whether an agent type received it. The sender's own type counts, though its agent drops
    ///   it. An event that matches no subscription is dropped.
    /// - Throws: `noSerializer`, `invalidTopic`, `invalidMessage`, `messageTooLarge`; `mailboxFull` when a slot is full, with the
    ///   outcome `unknown` when other agent types took the event: published again, it reaches them twice; `undeliverable`
    ///   without a subscriber when one is required; `unsupported` on an exchange without topics; the errors of the exchange's
    ///   connection.
    @discardableResult
    public func publish<Message: Sendable>(
        _ message: Message,
        to topic: Topic,
        sender: AgentAddress? = nil,
        id: String? = nil,
        requiringSubscriber: Bool = false
    ) async throws(ExchangeError) -> PublishedMessage {
        let events = try client(of: sender).transport.events
        return try await publisher.publish(
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
    /// It ends with the type: when the worker of the type stops or unregisters it, all of its subscriptions are removed. After a
    /// ``start()`` the types have those again with which they were registered.
    ///
    /// - Parameters:
    ///   - subscription: The subscription.
    ///   - adopting: Whether one with the same rule and agent type that is listed already is returned instead of an error. A
    ///     program that starts again after its death finds its subscription in this way.
    /// - Returns: The listed subscription: the given one, or the adopted one with its own identifier.
    /// - Throws: `subscriptionExists` when one with the same identifier, or with the same rule and agent type, is listed and
    ///   not adopted; `invalidTopic`, `invalidMessage`, `limitReached`, `unsupported`.
    @discardableResult
    public func subscribe(
        _ subscription: Subscription,
        adopting: Bool = false
    ) async throws(ExchangeError) -> Subscription {
        try await user().transport.events.subscribe(subscription, adopting: adopting)
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
