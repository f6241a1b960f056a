internal import AMQP
internal import AgentExchange
internal import Logging

/// Finds out about mailboxes from the directory and their queues, and restores the routes to them.
struct MailboxLookup: Sendable {
    let link: BrokerLink
    let directory: Directory

    private var names: ExchangeNames { link.names }

    /// Returns the reason that a message to a mailbox was returned. The broker can't tell it; the directory knows.
    ///
    /// - Parameter delivery: `unknown` when a copy may have arrived before.
    func whyUnreachable(
        _ id: EntityID,
        delivery: AgentExchange.DeliveryOutcome = .refused
    ) async -> ExchangeError {
        do throws(ExchangeError) {
            switch try await directory.state(of: id) {
            case .missing:
                return ExchangeError(.badEntityID, "there is no such mailbox", entity: id, delivery: delivery)
            case .terminated:
                return ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: id, delivery: delivery)
            case .registered:
                if try await link.objects.status(ofMailbox: id) == nil, try await expired(id) {
                    return ExchangeError(.mailboxTerminated, "the user is gone", entity: id, delivery: delivery)
                }
                let text = "the mailbox is registered, but its queue can't be reached"
                return ExchangeError(.unavailable, text, entity: id, delivery: delivery)
            }
        } catch {
            let text = "the message was refused, and the directory could not be asked why"
            return ExchangeError(error.code, text, entity: id, delivery: delivery, underlying: error)
        }
    }

    /// Restores the binding of a mailbox after a message to it was returned, if the mailbox has a queue and only the
    /// binding is missing because an exchange was deleted.
    ///
    /// A terminated mailbox loses its binding after its tombstone was written, so a missing binding without a tombstone
    /// has another cause.
    ///
    /// - Returns: Whether the message may now be routed.
    /// - Throws: An error when the cause can't be determined; ``ExchangeError/Code/unavailable`` when the node of the
    ///   queue is down.
    func restoreWay(to id: EntityID) async throws(ExchangeError) -> Bool {
        guard case .registered(let known, let lineage) = try await directory.state(of: id),
            try await link.objects.status(ofMailbox: id) != nil
        else { return false }
        let ways = Topology(
            exchanges: [],
            queues: [],
            bindings: Topology.mailboxBindings(of: known, lineage: lineage, names, forOlder: link.servesOlder)
        )
        try await Topology.shared(names).declareOrFind(on: link)
        try await ways.declare(on: link, entity: id)
        link.logger.warning("the way to a mailbox was missing", metadata: .init(keys: [.mailbox: id.description]))
        guard try await directory.state(of: id) == .terminated else { return true }
        // It was terminated at the same moment, and may have been unbound before.
        let deadline = link.deadline
        try await link.declare("can't unbind the mailbox", entity: id) { (channel) throws(AMQPError) in
            for way in ways.bindings {
                try await channel.unbind(.queue(way.queue), from: way.exchange, routingKey: way.key, deadline: deadline)
            }
        }
        return false
    }

    /// Returns the state of a mailbox from the directory, with the numbers of its queue.
    ///
    /// - Throws: ``ExchangeError/Code/unavailable`` when it is registered and its queue can't be reached.
    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        switch try await directory.state(of: id) {
        case .missing:
            return MailboxDetails(status: .missing)
        case .terminated:
            return MailboxDetails(status: .terminated)
        case .registered:
            if let queue = try await link.objects.status(ofMailbox: id) {
                return MailboxDetails(
                    status: .active,
                    queuedMessages: queue.messageCount,
                    attachedConsumers: queue.consumerCount
                )
            }
            if try await expired(id) { return MailboxDetails(status: .terminated) }
            let text = "the mailbox is registered, but its queue is not on the broker"
            throw ExchangeError(.unavailable, text, entity: id)
        }
    }

    /// Returns the state of a mailbox without adding a record to the directory: from the records read so far, and its
    /// queue.
    func recentDetails(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        directory.follower.begin()
        let known = directory.known(id)
        if known == .terminated { return MailboxDetails(status: .terminated) }
        if let queue = try await link.objects.status(ofMailbox: id) {
            return MailboxDetails(
                status: .active,
                queuedMessages: queue.messageCount,
                attachedConsumers: queue.consumerCount
            )
        }
        // A user's queue expires; the first session that notices announces it.
        if case .registered = known, id.role == .agent {
            let text = "the mailbox is registered, but its queue is not on the broker"
            throw ExchangeError(.unavailable, text, entity: id)
        }
        return try await details(of: id)
    }

    /// Handles a registered mailbox without a queue. A dead process's user loses its queue by expiry: the user is then
    /// terminated in the directory. It may also have been terminated at this moment.
    private func expired(_ id: EntityID) async throws(ExchangeError) -> Bool {
        if try await directory.state(of: id) == .terminated { return true }
        guard id.role == .user else { return false }
        do throws(ExchangeError) {
            try await directory.announce(.terminated(id, lineage: []))
            try await directory.announce(.finished(id))
        } catch let error where error.code == .forbidden {
            // Another broker user's user: its own sessions will update the directory.
        }
        return true
    }
}
