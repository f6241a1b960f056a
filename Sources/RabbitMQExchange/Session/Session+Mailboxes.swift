internal import AMQP
internal import AgentExchange
internal import Logging

extension Session {
    /// Why a message to a mailbox was returned. The broker can't say it; the directory knows.
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
                if try await link.lookAt(id) == nil, try await expired(id) {
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

    /// A message to a mailbox was returned: when it has a queue and only the binding is missing, because an exchange was
    /// deleted, makes that again.
    ///
    /// A mailbox that is terminated loses its binding after its tombstone was written, so one without a tombstone did not
    /// lose it that way.
    ///
    /// - Returns: Whether the message may get there now.
    /// - Throws: When that can't be found out; ``ExchangeError/Code/unavailable`` when the node of the queue is down.
    func restoreWay(to id: EntityID) async throws(ExchangeError) -> Bool {
        guard case .registered(let known, let lineage) = try await directory.state(of: id),
            try await link.lookAt(id) != nil
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
        // It was terminated at the same moment; whoever did that may have unbound it before.
        let deadline = link.deadline
        try await link.declare("can't unbind the mailbox", entity: id) { (channel) throws(AMQPError) in
            for way in ways.bindings {
                try await channel.unbindQueue(way.queue, from: way.exchange, routingKey: way.key, deadline: deadline)
            }
        }
        return false
    }

    /// Looks now and then whether the exchange still leads to this session; when somebody deleted an exchange or a binding,
    /// makes again what this session owns. Runs until the session ends.
    func keepWays() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: link.configuration.heartbeat)
            guard link.isConnected, !Task.isCancelled else { continue }
            do throws(AMQPError) {
                if try await !isReachable() {
                    link.logger.warning("the way to this session was missing on the broker; it is made again")
                    await repair()
                }
            } catch {
                link.logger.debug("the ways could not be looked at", metadata: .init(keys: [.error: "\(error)"]))
            }
            // A session of an older version may have come meanwhile.
            try? await serveOlder()
        }
    }

    /// Whether both this version and, where that may be, older ones reach this session.
    private func isReachable() async throws(AMQPError) -> Bool {
        guard try await leadsHere(names.exchange(of: link.replyTo)) else { return false }
        return link.servesOlder ? try await leadsHere(names.mailboxes) : true
    }

    private func leadsHere(_ exchange: String) async throws(AMQPError) -> Bool {
        do throws(AMQPError) {
            let marker = ControlMessage(.marker, mailbox: nil)
            try await link.publish(marker.publication(to: exchange, key: link.replyTo))
            return true
        } catch let error where error.code == .unroutable {
            return false
        }
    }

    /// The state of a mailbox, from the directory, with the figures of its queue.
    ///
    /// - Throws: ``ExchangeError/Code/unavailable`` when it is registered and has no queue that can be reached.
    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        switch try await directory.state(of: id) {
        case .missing:
            return MailboxDetails(status: .missing)
        case .terminated:
            return MailboxDetails(status: .terminated)
        case .registered:
            if let queue = try await link.lookAt(id) {
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

    /// The state of a mailbox without a record in the directory: as far as this session has read it, and as its queue is.
    func recentDetails(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        directory.beginFollowing()
        let known = directory.known(id)
        if known == .terminated { return MailboxDetails(status: .terminated) }
        if let queue = try await link.lookAt(id) {
            return MailboxDetails(
                status: .active,
                queuedMessages: queue.messageCount,
                attachedConsumers: queue.consumerCount
            )
        }
        // A user's queue expires, which is announced by the first to see it.
        if case .registered = known, id.role == .agent {
            let text = "the mailbox is registered, but its queue is not on the broker"
            throw ExchangeError(.unavailable, text, entity: id)
        }
        return try await details(of: id)
    }

    /// A registered mailbox has no queue. A user's queue expires when its process died: then the user is terminated, and
    /// the directory is told. It may also have been terminated this moment.
    private func expired(_ id: EntityID) async throws(ExchangeError) -> Bool {
        if try await directory.state(of: id) == .terminated { return true }
        guard id.role == .user else { return false }
        do throws(ExchangeError) {
            try await directory.announce(.terminated(id, lineage: []))
            try await directory.announce(.finished(id))
        } catch let error where error.code == .forbidden {
            // A user of another broker user: somebody else will tell the directory.
        }
        return true
    }
}
