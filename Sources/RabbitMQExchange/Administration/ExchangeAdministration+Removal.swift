internal import AMQP
public import AgentExchange
internal import Synchronization

extension ExchangeAdministration {
    /// What there is of the namespace on the broker. Other namespaces, also those whose names begin alike, are not in it.
    ///
    /// - Parameter facts: What the management plugin tells. Without it the queues of sessions, and those of mailboxes that the
    ///   directory does not know, are not found: AMQP can't list.
    public func contents(_ facts: ManagementFacts? = nil) async throws(ExchangeError) -> NamespaceContents {
        let shared = Topology.shared(names)
        var candidates = sharedQueues
        if let facts { candidates += names.own(of: facts.queues) }
        do throws(ExchangeError) {
            for id in try await registered() { candidates += [names.queue(of: id), names.attempts(of: id)] }
        } catch {
            // A directory that can't be read does not keep anybody from removing it, when the plugin has told what there is.
            guard facts != nil else { throw error }
        }
        var queues: [NamespaceContents.Queue] = []
        var seen: Set<String> = []
        for name in candidates where seen.insert(name).inserted {
            guard let queue = try await link.status(ofQueue: name) else { continue }
            let isDirectory = name == names.directory || name == names.directory(.copy)
            let consumers = isDirectory ? 0 : queue.consumerCount
            queues.append(.init(name: name, messages: queue.messageCount, consumers: consumers))
        }
        var exchanges: [String] = []
        for exchange in shared.exchanges where try await link.hasExchange(exchange.name) {
            exchanges.append(exchange.name)
        }
        return NamespaceContents(queues: queues, exchanges: exchanges)
    }

    /// The queues that all sessions share, those of older versions and of a compaction too.
    private var sharedQueues: [String] {
        (Topology.shared(names).queues + Topology.older(names).queues).map(\.name) + [names.directory(.copy)]
    }

    private func registered() async throws(ExchangeError) -> [EntityID] {
        guard try await isProvisioned() else { return [] }
        return try await session.directory.everyone().map(\.id)
    }

    /// How often what others make again is removed again.
    private static let removals = 3

    /// Removes everything of the namespace from the broker: all registered mailboxes with what is in them, the directory,
    /// dead letters and parked messages, exchanges. Nothing is answered.
    ///
    /// Close everything that uses it first: a session that is still connected makes again what it misses. This administration
    /// does not read the directory any more afterwards.
    ///
    /// - Parameter facts: See ``contents(_:)``.
    /// - Returns: How many queues and exchanges were deleted.
    /// - Throws: `ExchangeError.Code.unavailable` when another session made something again.
    @discardableResult
    public func removeNamespace(_ facts: ManagementFacts? = nil) async throws(ExchangeError) -> Int {
        var count = 0
        var contents = try await contents(facts)
        // It is our own reader too that would make the stream again, and all exchanges with it.
        session.directory.stopFollowing()
        for _ in 0..<Self.removals {
            if contents.isEmpty { return count }
            count += contents.queues.count + contents.exchanges.count
            try await delete(contents)
            contents = try await shared()
        }
        if contents.isEmpty { return count }
        let text = "sessions of the namespace \(names.namespace) are connected and make again what is removed"
        throw ExchangeError(.unavailable, text)
    }

    /// What is there of what all sessions share.
    private func shared() async throws(ExchangeError) -> NamespaceContents {
        let shared = Topology.shared(names)
        var queues: [NamespaceContents.Queue] = []
        for name in sharedQueues where try await link.status(ofQueue: name) != nil {
            queues.append(.init(name: name, messages: 0, consumers: 0))
        }
        var exchanges: [String] = []
        for exchange in shared.exchanges where try await link.hasExchange(exchange.name) {
            exchanges.append(exchange.name)
        }
        return NamespaceContents(queues: queues, exchanges: exchanges)
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

extension Directory {
    /// The stream is not read any more, and not made again when it is deleted; whoever asks next begins anew.
    func stopFollowing() {
        let readers = state.withLock { state in
            defer { state.readers = [:] }
            return state.readers.values.map(\.consumer)
        }
        for reader in readers { reader.stop() }
    }
}
