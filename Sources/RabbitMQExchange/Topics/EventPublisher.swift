internal import AMQP
internal import AgentExchange

/// Publishes events through the broker.
struct EventPublisher: Sendable {
    let session: Session

    private var link: BrokerLink { session.link }
    private var log: TopicLog { session.topics.log }

    /// Publishes an event. Returns whether a slot took it.
    func publish(_ event: Event, from source: EntityID, limit: Int) async throws(ExchangeError) -> Bool {
        let size = event.payload.bytes.count
        guard size <= limit else {
            throw ExchangeError(.messageTooLarge, "the payload has \(size) bytes, \(limit) are allowed")
        }
        var properties = Envelope.encode(event, from: source)
        link.complete(&properties)
        let publication = Publication(
            exchange: link.names.topics,
            routingKey: TopicKey.key(of: event.topic),
            properties: properties,
            body: event.payload.bytes,
            mandatory: true
        )
        let isTaken = try await publish(publication, event.topic)
        if !isTaken { link.metrics.count(.eventsDropped, [.exchange("rabbitmq")]) }
        return isTaken
    }

    private func publish(_ publication: Publication, _ topic: Topic) async throws(ExchangeError) -> Bool {
        for isLast in [false, true] {
            do throws(AMQPError) {
                try await link.publish(publication)
                return await isTaken(topic)
            } catch {
                switch error.code {
                case .unroutable: return false
                case .nacked: throw full(topic, error)
                // The exchange is made with the first subscription.
                case .notFound where !isLast: break
                default: throw ExchangeError(error, "the event was not published")
                }
            }
            try await Topology.topics(link.names).declareOrFind(on: link)
        }
        return false
    }

    /// Returns whether a subscription matched: the pattern of a binding lets through more than its subscription.
    private func isTaken(_ topic: Topic) async -> Bool {
        if hasTargets(topic) { return true }
        do throws(ExchangeError) {
            try await log.fence()
            return hasTargets(topic)
        } catch {
            // A slot has it, in any case.
            return true
        }
    }

    private func hasTargets(_ topic: Topic) -> Bool { count(topic) > 0 }

    private func count(_ topic: Topic) -> Int { log.read { $0.subscriptions.targets(of: topic).count } }

    /// A slot is full. With one slot the broker's refusal says that nobody has the event.
    private func full(_ topic: Topic, _ error: AMQPError) -> ExchangeError {
        let isOnly = log.isFollowed && count(topic) == 1
        return ExchangeError(error, "a slot is full", delivery: isOnly ? .refused : .unknown)
    }
}
