internal import AMQP
internal import AgentExchange
internal import Logging
internal import Primitives

/// Creates and announces mailboxes, and undoes a registration that fails.
enum Registration {
    /// How long undoing a failed registration is retried.
    private static let patience = Duration.seconds(60)

    /// Creates the mailbox of an entity and announces it.
    ///
    /// The announcement comes last, so that every discovered entity is reachable. If registration fails or is
    /// cancelled, everything that it created is removed, possibly after it has returned.
    static func register(
        _ id: EntityID,
        lineage: [String],
        sharing: MailboxSharing = .exclusive,
        in session: Session
    ) async throws(ExchangeError) {
        let link = session.link
        do throws(ExchangeError) {
            try await Topology.mailbox(
                of: id,
                lineage: lineage,
                link.names,
                link.configuration,
                sharing: sharing,
                forOlder: link.servesOlder
            ).declare(on: link, entity: id)
        } catch {
            await undo(id, lineage: lineage, isKnown: false, in: session)
            throw error
        }
        do throws(ExchangeError) {
            try await session.directory.announce(.registered(id, lineage: lineage), isShared: sharing == .group)
        } catch {
            // The broker may have the record without having confirmed it.
            let isKnown = error.delivery != .notSent && error.delivery != .refused
            await undo(id, lineage: lineage, isKnown: isKnown, in: session)
            throw error
        }
    }

    /// Removes everything that a registration created. Cancelling the calling task does not stop it, and the session
    /// waits for it.
    ///
    /// Returns when it is done, or earlier when the task is cancelled or the broker does not answer in time.
    ///
    /// - Parameter isKnown: Whether others may have read the registration. If so, the entity is terminated permanently.
    static func undo(_ id: EntityID, lineage: [String], isKnown: Bool, in session: Session) async {
        let done = OneShot<Void>()
        session.undoings.begin()
        let isStarted = session.background.start {
            await remove(id, lineage: lineage, isKnown: isKnown, in: session)
            session.undoings.end()
            done.set()
        }
        guard isStarted != nil else {
            session.undoings.end()
            return
        }
        _ = await done.wait(until: .now + session.link.patience)
    }

    private static func remove(_ id: EntityID, lineage: [String], isKnown: Bool, in session: Session) async {
        let end = ContinuousClock.now + patience
        var pause = session.link.pause()
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
                        "a registration that failed could not be undone; warren doctor finds its remains",
                        metadata: .init(keys: [.mailbox: id.description, .error: error.description])
                    )
                    return
                }
            }
            await pause.next()
        }
    }

    /// The mailbox is unknown to others, so it is empty.
    private static func deleteQueue(of id: EntityID, in session: Session) async throws(ExchangeError) {
        let queue = session.names.queue(of: id)
        let deadline = session.link.deadline
        try await session.link.declare("can't delete a queue", entity: id) { (channel) throws(AMQPError) in
            _ = try await channel.deleteQueue(queue, deadline: deadline)
        }
    }
}
