internal import AMQP
internal import AgentExchange
internal import Logging

/// Making mailboxes known, and what is left when that fails.
enum Registration {
    /// How long a registration that failed is undone again and again.
    private static let patience = Duration.seconds(60)

    /// Makes the mailbox of an entity and announces it.
    ///
    /// The announcement comes last: whoever finds the entity can reach it. When this fails or is cancelled, everything that
    /// it made is removed again, also after it has returned.
    static func register(_ id: EntityID, lineage: [String], in session: Session) async throws(ExchangeError) {
        let link = session.link
        do throws(ExchangeError) {
            try await Topology.mailbox(
                of: id,
                lineage: lineage,
                link.names,
                link.configuration,
                forOlder: link.servesOlder
            ).declare(on: link, entity: id)
        } catch {
            await undo(id, lineage: lineage, isKnown: false, in: session)
            throw error
        }
        do throws(ExchangeError) {
            try await session.directory.announce(.registered(id, lineage: lineage))
        } catch {
            // The broker may have the record although nobody said so.
            let isKnown = error.delivery != .notSent && error.delivery != .refused
            await undo(id, lineage: lineage, isKnown: isKnown, in: session)
            throw error
        }
    }

    /// Removes what a registration made. Cancelling the calling task does not stop it, and the session does not end before
    /// it has ended.
    ///
    /// Returns when that is done, or earlier: when the task is cancelled, or the broker does not answer in time.
    ///
    /// - Parameter isKnown: Whether others may have read that the entity is registered. Then it is terminated, for good.
    static func undo(_ id: EntityID, lineage: [String], isKnown: Bool, in session: Session) async {
        let done = Signal<Void>()
        session.undoings.begin()
        let isStarted = session.background.start {
            await remove(id, lineage: lineage, isKnown: isKnown, in: session)
            session.undoings.end()
            done.send(())
        }
        guard isStarted != nil else {
            session.undoings.end()
            return
        }
        _ = await done.wait(until: .now + session.link.patience)
    }

    private static func remove(_ id: EntityID, lineage: [String], isKnown: Bool, in session: Session) async {
        let end = ContinuousClock.now + patience
        var pause = Pause(session.link)
        while !Task.isCancelled {
            do throws(ExchangeError) {
                if isKnown {
                    try await Termination(session: session, id: id).remove(lineage: lineage)
                } else {
                    try await deleteQueue(of: id, in: session)
                }
                return
            } catch {
                guard error.isRetryable, .now < end else {
                    session.link.logger.error(
                        "a registration that failed could not be undone; warren doctor finds what it left",
                        metadata: .init(keys: [.mailbox: id.description, .error: error.description])
                    )
                    return
                }
            }
            await pause.next()
        }
    }

    /// Nobody knows the mailbox, so nothing is in it.
    private static func deleteQueue(of id: EntityID, in session: Session) async throws(ExchangeError) {
        let queue = session.names.queue(of: id)
        let deadline = session.link.deadline
        try await session.link.declare("can't delete a queue", entity: id) { (channel) throws(AMQPError) in
            _ = try await channel.deleteQueue(queue, deadline: deadline)
        }
    }
}
