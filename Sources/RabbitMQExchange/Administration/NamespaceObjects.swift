internal import AMQP
internal import AgentExchange

/// The queues and exchanges of a namespace on the broker.
struct NamespaceObjects {
    /// The number of removals of objects that other sessions create again.
    private static let removals = 3

    let session: Session
    /// The facts of the management plugin.
    let facts: ManagementFacts?

    private var link: BrokerLink { session.link }
    private var names: ExchangeNames { session.names }

    /// Returns the objects that exist.
    func contents() async throws(ExchangeError) -> NamespaceContents {
        var candidates = sharedQueues
        if let facts { candidates += names.own(of: facts.queues) }
        do throws(ExchangeError) {
            for id in try await registered() {
                candidates += [names.queue(of: id), names.attempts(of: id), names.waitingEvents(of: id)]
            }
        } catch {
            // An unreadable directory does not prevent its removal, if the plugin listed the queues.
            guard facts != nil else { throw error }
        }
        var queues: [NamespaceContents.Queue] = []
        var seen: Set<String> = []
        for name in candidates where seen.insert(name).inserted {
            guard let queue = try await link.objects.status(ofQueue: name) else { continue }
            let isDirectory = [names.directory, names.directory(.copy), names.subscriptions].contains(name)
            let consumers = isDirectory ? 0 : queue.consumerCount
            queues.append(.init(name: name, messages: queue.messageCount, consumers: consumers))
        }
        return NamespaceContents(queues: queues, exchanges: try await typeExchanges() + exchanges())
    }

    /// The queues that all sessions share, including those of older versions and of a compaction.
    private var sharedQueues: [String] {
        let topologies = [
            Topology.shared(names), .topics(names), .delays(names), .failures(names), .older(names),
        ]
        return topologies.flatMap(\.queues).map(\.name) + [names.directory(.copy)]
    }

    private func registered() async throws(ExchangeError) -> [EntityID] {
        guard try await link.objects.hasDirectory() else { return [] }
        return try await session.directory.everyone().map(\.id)
    }

    /// Returns the exchanges that exist.
    private func exchanges() async throws(ExchangeError) -> [String] {
        var exchanges: [String] = []
        let all = Topology.shared(names).adding(.topics(names)).adding(.delays(names)).exchanges
        for exchange in all where try await link.objects.hasExchange(exchange.name) {
            exchanges.append(exchange.name)
        }
        return exchanges
    }

    /// Returns the exchanges of agent types, as the log of subscriptions has them.
    private func typeExchanges() async throws(ExchangeError) -> [String] {
        guard try await link.objects.hasExchange(names.subscriptions),
            try await link.objects.status(ofQueue: names.subscriptions) != nil
        else { return [] }
        let log = session.topics.log
        try await log.fence()
        var exchanges: [String] = []
        for slots in log.read({ $0.types }) {
            let name = names.exchange(of: slots)
            if try await link.objects.hasExchange(name) { exchanges.append(name) }
        }
        return exchanges
    }

    /// Removes the objects. Returns the number of deleted queues and exchanges.
    func remove() async throws(ExchangeError) -> Int {
        var count = 0
        var contents = try await contents()
        // The session's own reader would also create the stream again, and all exchanges with it.
        session.directory.follower.stop()
        session.topics.log.close()
        for _ in 0..<Self.removals {
            if contents.isEmpty { return count }
            count += contents.queues.count + contents.exchanges.count
            try await delete(contents)
            contents = try await shared()
        }
        if contents.isEmpty { return count }
        let text = "sessions of the namespace \(names.namespace) are connected and restore the removed objects"
        throw ExchangeError(.unavailable, text)
    }

    /// Returns the shared objects that exist.
    private func shared() async throws(ExchangeError) -> NamespaceContents {
        var queues: [NamespaceContents.Queue] = []
        for name in sharedQueues where try await link.objects.status(ofQueue: name) != nil {
            queues.append(.init(name: name, messages: 0, consumers: 0))
        }
        return NamespaceContents(queues: queues, exchanges: try await exchanges())
    }

    private func delete(_ contents: NamespaceContents) async throws(ExchangeError) {
        for queue in contents.queues {
            try await delete(queue.name) { (channel, limit) throws(AMQPError) in
                _ = try await channel.deleteQueue(queue.name, deadline: limit)
            }
        }
        for exchange in contents.exchanges {
            try await delete(exchange) { (channel, limit) throws(AMQPError) in
                try await channel.deleteExchange(exchange, deadline: limit)
            }
        }
    }

    private func delete(
        _ name: String,
        _ body: (Channel, Deadline) async throws(AMQPError) -> Void
    ) async throws(ExchangeError) {
        let limit = link.deadline
        try await link.declare("can't delete \(name)") { (channel) throws(AMQPError) in
            try await body(channel, limit)
        }
    }
}
