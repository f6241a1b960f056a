internal import AMQP
internal import AgentExchange
internal import Logging

extension BrokerLink {
    /// The number of times that the shared objects are restored for one publication: while an exchange is being deleted,
    /// the broker still reports it as existing.
    private static let restorations = 5

    /// Publishes to an exchange that all sessions share, and waits for the confirm. If the exchange or its binding is
    /// missing, restores the shared objects and publishes again: an operator may have deleted them, and another session
    /// that restores them creates the exchange before its bindings.
    func publishShared(
        _ publication: Publication,
        by publisher: Publisher,
        deadline: Deadline,
        restoring topology: Topology? = nil
    ) async throws(AMQPError) {
        var pause = Pause(self)
        for number in 0... {
            do throws(AMQPError) {
                return try await publisher.publish(publication, deadline: deadline)
            } catch {
                let isMissing = error.code == .unroutable || error.code == .notFound
                guard isMissing, number < Self.restorations, !Task.isCancelled, deadline.remaining > .zero else {
                    throw error
                }
            }
            if number > 0 { await pause.next() }
            do throws(ExchangeError) {
                try await (topology ?? .shared(names)).declareOrFind(on: self)
            } catch {
                logger.warning(
                    "missing objects on the broker could not be restored",
                    metadata: .init(keys: [.error: "\(error)"])
                )
            }
        }
    }
}
