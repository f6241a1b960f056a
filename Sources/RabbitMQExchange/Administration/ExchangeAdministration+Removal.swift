internal import AMQP
public import AgentExchange

extension ExchangeAdministration {
    /// Removes everything of the namespace from the broker: all registered mailboxes with what is in them, the directory,
    /// dead letters and parked messages, exchanges. Nothing is answered.
    ///
    /// For namespaces that were made for a test. Close everything that uses it first: a session that is still connected
    /// loses its directory.
    ///
    /// - Returns: How many queues and exchanges were deleted.
    @discardableResult
    public func removeNamespace() async throws(ExchangeError) -> Int {
        let shared = Topology.shared(names)
        var queues: [String] = []
        if try await isProvisioned() { queues = try await session.directory.everyone().map { names.queue(of: $0.id) } }
        queues += shared.queues.map(\.name)
        let exchanges = shared.exchanges.map(\.name)
        for queue in queues {
            try await delete(queue) { (channel, limit) throws(AMQPError) in
                _ = try await channel.deleteQueue(queue, deadline: limit)
            }
        }
        for exchange in exchanges {
            try await delete(exchange) { (channel, limit) throws(AMQPError) in
                try await channel.deleteExchange(exchange, deadline: limit)
            }
        }
        return queues.count + exchanges.count
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
