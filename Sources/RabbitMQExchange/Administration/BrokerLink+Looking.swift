internal import AMQP
internal import AgentExchange

/// Looking at objects of the broker without making them. Each look has a channel of its own: a missing object closes it.
extension BrokerLink {
    /// Whether there is an exchange of this name, of whatever kind.
    func hasExchange(_ name: String) async throws(ExchangeError) -> Bool {
        let declaration = ExchangeDeclaration(name: name, kind: .direct, passive: true)
        return try await look("can't look at the exchange \(name)") { (channel, limit) throws(AMQPError) in
            try await channel.declareExchange(declaration, deadline: limit)
        } != nil
    }

    /// A queue's figures; `nil` when there is none of this name.
    func status(ofQueue name: String) async throws(ExchangeError) -> QueueStatus? {
        let declaration = QueueDeclaration(name: name, passive: true)
        return try await look("can't look at the queue \(name)") { (channel, limit) throws(AMQPError) in
            try await channel.declareQueue(declaration, deadline: limit)
        }
    }

    private func look<Result>(
        _ what: String,
        _ body: (Channel, Deadline) async throws(AMQPError) -> Result
    ) async throws(ExchangeError) -> Result? {
        let limit = deadline
        do {
            return try await consumer.withChannel(deadline: limit) { (channel) throws(AMQPError) in
                try await body(channel, limit)
            }
        } catch let error where error.code == .notFound {
            if error.message.contains("down or inaccessible") { throw ExchangeError(error, what) }
            return nil
        } catch {
            throw ExchangeError(error, what)
        }
    }
}
