internal import AMQP
internal import AgentExchange

/// The comparison of the objects that all sessions of a namespace share with those on the broker.
struct TopologyComparison {
    let link: BrokerLink
    /// The facts of the management plugin.
    let facts: ManagementFacts?

    /// Returns the state of each object. Creates nothing: an object is declared passively, and declared with its
    /// properties only if it exists.
    func objects() async throws(ExchangeError) -> [TopologyObject] {
        var wanted = Topology.shared(link.names)
        // An older version made no objects of topics; the next session makes them.
        if try await link.objects.hasExchange(link.names.topics) { wanted = wanted.adding(.topics(link.names)) }
        // They are made with the first delayed request.
        if try await link.objects.hasExchange(link.names.delays) { wanted = wanted.adding(.delays(link.names)) }
        // It is made with the first failed request that is kept.
        if try await link.objects.status(ofQueue: link.names.failed) != nil {
            wanted = wanted.adding(.failures(link.names))
        }
        var objects: [TopologyObject] = []
        for exchange in wanted.exchanges {
            let isThere = try await link.objects.hasExchange(exchange.name)
            let (state, detail) = try await compare(isThere) { (channel, limit) throws(AMQPError) in
                try await channel.declareExchange(exchange, deadline: limit)
            }
            objects.append(
                TopologyObject(
                    kind: .exchange,
                    name: exchange.name,
                    wanted: exchange.kind.name,
                    state: state,
                    detail: detail
                )
            )
        }
        for queue in wanted.queues {
            let isThere = try await link.objects.status(ofQueue: queue.name) != nil
            let (state, detail) = try await compare(isThere) { (channel, limit) throws(AMQPError) in
                _ = try await channel.declareQueue(queue, deadline: limit)
            }
            objects.append(
                TopologyObject(
                    kind: .queue,
                    name: queue.name,
                    wanted: queue.arguments["x-queue-type"]?.stringValue ?? "classic",
                    state: state,
                    detail: detail
                )
            )
        }
        for queue in Topology.older(link.names).queues {
            guard let status = try await link.objects.status(ofQueue: queue.name) else { continue }
            objects.append(
                TopologyObject(
                    kind: .queue,
                    name: queue.name,
                    wanted: "none",
                    state: .older,
                    detail: "\(status.messageCount) messages, \(status.consumerCount) sessions serve it"
                )
            )
        }
        return objects + bindings(wanted, objects)
    }

    /// AMQP can't read a binding, but a binding is missing if one of its ends is.
    private func bindings(_ wanted: Topology, _ objects: [TopologyObject]) -> [TopologyObject] {
        let missing = Set(objects.filter { $0.state == .missing }.map { "\($0.kind) \($0.name)" })
        return wanted.bindings.map { binding in
            let isMissing =
                missing.contains("\(TopologyObject.Kind.queue) \(binding.queue)")
                || missing.contains("\(TopologyObject.Kind.exchange) \(binding.exchange)")
            let known = facts.map { $0.contains(binding) ? TopologyObject.State.present : .missing }
            return TopologyObject(
                kind: .binding,
                name: binding.exchange,
                wanted: "\(binding.key) -> \(binding.queue)",
                state: isMissing ? .missing : known ?? .unknown,
                detail: nil
            )
        }
    }

    private func compare(
        _ isThere: Bool,
        _ declare: (Channel, Deadline) async throws(AMQPError) -> Void
    ) async throws(ExchangeError) -> (TopologyObject.State, String?) {
        guard isThere else { return (.missing, nil) }
        let limit = link.deadline
        do {
            try await link.consumer.withChannel(deadline: limit) { (channel) throws(AMQPError) in
                try await declare(channel, limit)
            }
            return (.present, nil)
        } catch let error where error.code == .preconditionFailed {
            return (.different, error.message)
        } catch let error where error.code == .accessRefused {
            return (.notCompared, nil)
        } catch {
            throw ExchangeError(error, "can't compare the topology")
        }
    }
}
