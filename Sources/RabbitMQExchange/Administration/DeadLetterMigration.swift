internal import AMQP
internal import AgentExchange
internal import Foundation

/// The move of dead letters from the queue of older versions to the current one.
struct DeadLetterMigration {
    let session: Session

    private var link: BrokerLink { session.link }
    private var names: ExchangeNames { session.names }

    /// Moves the dead letters, and removes the older queue unless sessions of an older version still serve it.
    func run() async throws(ExchangeError) -> Migration {
        try await Topology.shared(names).declare(on: link)
        var migration = Migration()
        guard let status = try await link.objects.status(ofQueue: names.deadLetters) else { return migration }
        // First the new binding, then the end of the old one: a dead letter in between is answered twice, and one
        // answer dropped.
        try await Topology(exchanges: [], queues: [], bindings: [newWay]).declare(on: link)
        let markerWay = Topology.Binding(
            queue: names.deadLetters,
            exchange: names.deadLetters,
            key: "marker.\(UUID().lowercased)"
        )
        try await Topology(exchanges: [], queues: [], bindings: [markerWay]).declare(on: link)
        try await unbind(Topology.older(names).bindings)
        migration.olderSessions = try await sendAway(status.consumerCount, through: markerWay)
        try await unbind([markerWay])
        migration.moved = try await moveOlder()
        guard migration.olderSessions == 0 else {
            // They would no longer be served.
            try await Topology.older(names).declare(on: link)
            try await unbind([newWay])
            return migration
        }
        let (queue, limit) = (names.deadLetters, link.deadline)
        try await link.declare("can't remove \(queue)") { (channel) throws(AMQPError) in
            _ = try await channel.deleteQueue(queue, deadline: limit)
        }
        return migration
    }

    /// The binding that leads the dead letters of older mailboxes to the current queue.
    private var newWay: Topology.Binding {
        Topology.Binding(
            queue: names.unanswered,
            exchange: names.deadLetters,
            key: ExchangeNames.DeadLetterKey.older
        )
    }

    private func unbind(_ bindings: [Topology.Binding]) async throws(ExchangeError) {
        let limit = link.deadline
        try await link.declare("can't remove a binding") { (channel) throws(AMQPError) in
            for binding in bindings {
                try await channel.unbind(
                    .queue(binding.queue),
                    from: binding.exchange,
                    routingKey: binding.key,
                    deadline: limit
                )
            }
        }
    }

    /// Sends a marker to each session that serves the older queue, which makes it leave. Sessions of older versions
    /// drop it.
    ///
    /// - Returns: The number of consumers left after a while.
    private func sendAway(_ count: Int, through way: Topology.Binding) async throws(ExchangeError) -> Int {
        var left = count
        var pause = link.pause()
        let end = ContinuousClock.now + link.patience
        while left > 0, .now < end, !Task.isCancelled {
            for _ in 0..<left {
                let marker = ControlMessage(.marker, mailbox: nil)
                do {
                    try await link.publish(marker.publication(to: way.exchange, key: way.key))
                } catch {
                    throw ExchangeError(error, "can't write to \(way.queue)")
                }
            }
            await pause.next()
            left = try await link.objects.status(ofQueue: way.queue)?.consumerCount ?? 0
        }
        return left
    }

    /// Moves the dead letters one by one: each is confirmed at its destination before it is acknowledged.
    ///
    /// - Returns: The number of moved dead letters.
    private func moveOlder() async throws(ExchangeError) -> Int {
        var moved = 0
        while true {
            let (queue, limit) = (names.deadLetters, link.deadline)
            do {
                let isMoved = try await link.consumer.withChannel(deadline: limit) { (channel) throws(AMQPError) in
                    guard let delivery = try await channel.get(queue, deadline: limit) else { return false }
                    if ControlMessage(delivery.properties) == nil {
                        try await session.settlement.publishDeadLetter(
                            delivery.properties.forMoving(),
                            delivery.body,
                            ExchangeNames.DeadLetterKey.unanswered
                        )
                        moved += 1
                    }
                    delivery.acknowledge()
                    return true
                }
                guard isMoved else { return moved }
            } catch {
                throw ExchangeError(error, "can't move the dead letters")
            }
        }
    }
}
