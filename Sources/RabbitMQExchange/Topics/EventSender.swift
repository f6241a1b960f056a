internal import AMQP
internal import AgentExchange

/// Publishes events through the broker.
struct EventSender: Sendable {
    let link: BrokerLink
    let topics: Topics
    let directory: Directory

    private var log: TopicLog { topics.log }

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
        let isTaken = try await publishKnown(publication, event.topic)
        if !isTaken { link.metrics.count(.eventsDropped, [.reason("no-subscriber")]) }
        return isTaken
    }

    /// How long slots that are not full may refuse an event: a queue does while its leader changes.
    private static let refusalPatience = Duration.seconds(5)

    private func publishKnown(_ publication: Publication, _ topic: Topic) async throws(ExchangeError) -> Bool {
        let end = ContinuousClock.now + Self.refusalPatience
        var pause = link.pause()
        var isMade = false
        while true {
            do throws(AMQPError) {
                try await link.publish(publication)
                return await isTaken(topic)
            } catch {
                switch error.code {
                case .unroutable: return false
                case .nacked:
                    guard .now < end, !Task.isCancelled, await !isFull(topic) else { throw full(topic, error) }
                // The exchange is made with the first subscription, or was deleted with all bindings.
                case .notFound where !isMade: break
                default: throw ExchangeError(error, "the event was not published")
                }
                if error.code == .nacked {
                    await pause.next()
                    await link.renewChannel()
                    continue
                }
            }
            isMade = true
            try await Topology.topics(link.names).declareOrFind(on: link)
            await topics.restore()
        }
    }

    /// Returns whether a slot has reached its limit, or that can't be known.
    private func isFull(_ topic: Topic) async -> Bool {
        guard let limit = link.configuration.maximumMailboxLength else { return false }
        for target in log.read({ $0.subscriptions.targets(of: topic) }) {
            guard let queue = try? await link.objects.status(ofMailbox: .agent(target.slot)) else { continue }
            if queue.messageCount >= limit { return true }
        }
        return !log.isFollowed
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

    private func hasTargets(_ topic: Topic) -> Bool {
        log.read { $0.subscriptions.targets(of: topic) }.contains {
            directory.known(.agent($0.slot)) != .terminated
        }
    }

    private func count(_ topic: Topic) -> Int { log.read { $0.subscriptions.targets(of: topic).count } }

    /// A slot is full. With one slot the broker's refusal says that no slot has the event.
    private func full(_ topic: Topic, _ error: AMQPError) -> ExchangeError {
        let isOnly = log.isFollowed && count(topic) == 1
        return ExchangeError(error, "a slot is full", delivery: isOnly ? .refused : .unknown)
    }
}
