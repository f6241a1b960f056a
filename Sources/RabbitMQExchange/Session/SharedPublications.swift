internal import AMQP
internal import AgentExchange
internal import Logging
internal import Primitives

/// Publications to the exchanges that all sessions share: records of the directory, dead letters, subscriptions.
struct SharedPublications {
    let link: BrokerLink

    /// The number of times that the shared objects are restored for one publication: while an exchange is being deleted,
    /// the broker still reports it as existing.
    private static let restorations = 5

    /// Publishes to an exchange that all sessions share, and waits for the confirm. If the exchange or its binding is
    /// missing, restores the shared objects and publishes again: an operator may have deleted them, and another session
    /// that restores them creates the exchange before its bindings.
    func publish(
        _ publication: Publication,
        by publisher: Publisher,
        deadline: Deadline,
        restoring topology: Topology? = nil
    ) async throws(AMQPError) {
        var pause = link.pause()
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
                let topology = topology ?? .shared(link.names)
                try await (number == 0 ? topology : topology.boundAnew()).declareOrFind(on: link)
            } catch {
                link.logger.warning(
                    "missing objects on the broker could not be restored",
                    metadata: .init(keys: [.error: "\(error)"])
                )
            }
        }
    }

    /// The timeout of a directory record. A compaction waits no longer for records on their way.
    private var announcementLimit: Duration {
        min(link.configuration.operationTimeout, link.configuration.compactionGrace)
    }

    /// Publishes a directory record and waits for the confirm. A refusal affects no other publication.
    ///
    /// - Parameter topology: The objects that may be missing, by default those of the directory.
    func announce(_ publication: Publication, restoring topology: Topology? = nil) async throws(AMQPError) {
        let deadline = Deadline.after(announcementLimit)
        try await publish(link.sign(publication), by: link.announcements, deadline: deadline, restoring: topology)
    }

    /// Publishes records of the directory in their order, and waits until all are confirmed.
    func announce(_ records: [Publication]) async throws(AMQPError) {
        let (limit, deadline) = (announcementLimit, Deadline.after(announcementLimit))
        let signals = records.map { record in
            let signal = OneShot<Result<Void, AMQPError>>()
            _ = link.announcements.publish(link.sign(record), deadline: deadline) { signal.set($0) }
            return signal
        }
        for signal in signals {
            switch await signal.wait(until: .now + limit) {
            case .success?: continue
            case .failure(let error)?: throw error
            case nil: throw AMQPError(code: .timedOut, delivery: .unknown, message: "No confirm came in time.")
            }
        }
    }
}
