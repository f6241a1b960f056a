internal import AgentExchange

/// Publishes events: asks the interceptors, encodes, and counts those without a subscriber.
struct EventPublisher: Sendable {
    let serializers: MessageSerializers
    let interceptors: [any WorkerInterceptor]
    let requestDeadline: Duration
    let activity: Activity
    let tracer: EventTracer

    /// Publishes a message.
    func publish(
        _ message: any Sendable,
        to topic: Topic,
        _ sender: AgentAddress?,
        _ id: String?,
        requiringSubscriber: Bool,
        _ events: any EventTransport
    ) async throws(ExchangeError) -> PublishedMessage {
        let work = activity.begin()
        defer { withExtendedLifetime(work) {} }
        try topic.check()
        let end = ContinuousClock.Instant.after(try RequestScope.limit(requestDeadline))
        let passed = try await interceptors.pass(message, until: end, .notSent) {
            (interceptor, message) throws(ExchangeError) in
            try await interceptor.onPublish(message, to: topic, from: sender)
        }
        guard let passed else { return PublishedMessage(id: nil, hasSubscribers: false) }
        let encoded = try serializers.encode(passed)
        try encoded.checkName()
        return try await tracer.publish(encoded.dataType, to: topic, events.exchangeKind) {
            (context) async throws(ExchangeError) in
            let event = try Event(
                topic,
                dataType: encoded.dataType,
                payload: encoded.payload,
                id: id,
                sender: sender,
                context: context
            )
            let hasSubscribers = try await events.publish(event)
            if !hasSubscribers, requiringSubscriber {
                throw ExchangeError(.undeliverable, "no agent type subscribes to \(topic)", delivery: .refused)
            }
            return PublishedMessage(id: event.publicationID, hasSubscribers: hasSubscribers)
        }
    }
}
