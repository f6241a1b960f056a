internal import AMQP
public import AgentExchange

/// Half of a mailbox. A failed registration left it, or an operator deleted the other half.
public struct MailboxRemains: Sendable, Hashable {
    /// The half that exists.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// The agent is registered and discoverable, but has no queue.
        case registrationWithoutQueue
        /// The queue exists, but the directory does not know its owner.
        case queueWithoutRegistration
    }

    /// The owner of the mailbox.
    public let id: EntityID

    /// The half that exists.
    public let kind: Kind
}

extension ExchangeAdministration {
    /// Returns the current remains of mailboxes. A queue without a registration may belong to a registration in
    /// progress.
    ///
    /// - Parameter facts: The facts of the management plugin. Without them only registrations without a queue are
    ///   found: AMQP can't list queues.
    public func remains(_ facts: ManagementFacts? = nil) async throws(ExchangeError) -> [MailboxRemains] {
        guard try await isProvisioned() else { return [] }
        var remains: [MailboxRemains] = []
        for report in try await mailboxes(facts) where report.id.role == .agent && report.state == .unavailable {
            if let found = try await look(at: report.id) { remains.append(found) }
        }
        return remains + (try await unregistered(facts))
    }

    /// Returns the queues without a registration, among those that the management plugin listed.
    func unregistered(_ facts: ManagementFacts?) async throws(ExchangeError) -> [MailboxRemains] {
        guard let facts else { return [] }
        try await session.directory.fence()
        var remains: [MailboxRemains] = []
        for id in facts.queues.sorted().compactMap(names.entity(ofQueue:)) where session.directory.known(id) == .missing
        {
            guard let found = try await look(at: id), found.kind == .queueWithoutRegistration else { continue }
            remains.append(found)
        }
        return remains
    }

    /// Removes the remains of mailboxes: terminates them, and answers the requests in their queues with
    /// `mailboxTerminated`.
    ///
    /// Each one is checked again after a while, so that a registration or a repair in progress can end. A queue with a
    /// consumer stays, and so does everything on a node that is down.
    ///
    /// - Parameters:
    ///   - facts: As for ``remains(_:)``.
    ///   - patience: The time between the two checks, a day at most; by default longer than a registration may take
    ///     with this configuration.
    ///   - report: Called with each removed one.
    /// - Returns: The removed ones.
    @discardableResult
    public func removeRemains(
        _ facts: ManagementFacts? = nil,
        patience: Duration? = nil,
        report: @Sendable (MailboxRemains) -> Void = { _ in }
    ) async throws(ExchangeError) -> [MailboxRemains] {
        let found = try await remains(facts)
        guard !found.isEmpty else { return [] }
        let longest = Duration.seconds(86_400)
        let wait = patience ?? link.configuration.operationTimeout * 2 + .seconds(1)
        do {
            try await Task.sleep(for: max(.zero, min(wait, longest)))
        } catch {
            throw ExchangeError(.cancelled, "the calling task was cancelled")
        }
        let lease = try await exchange.lease()
        do throws(ExchangeError) {
            var removed: [MailboxRemains] = []
            for remains in found where try await look(at: remains.id) == remains {
                try await remove(remains, facts, in: lease.session)
                removed.append(remains)
                report(remains)
            }
            await lease.end()
            return removed
        } catch {
            await lease.end()
            throw error
        }
    }

    private func remove(
        _ remains: MailboxRemains,
        _ facts: ManagementFacts?,
        in session: Session
    ) async throws(ExchangeError) {
        let termination = Termination(session: session, id: remains.id)
        guard remains.kind == .queueWithoutRegistration else { return try await termination.run() }
        let queue = names.queue(of: remains.id)
        let bindings = facts?.bindings.filter { $0.queue == queue } ?? []
        try await termination.remove(
            lineage: [],
            bindings: bindings.map { Topology.Binding(queue: queue, exchange: $0.exchange, key: $0.routingKey) }
        )
    }

    /// Returns the remains of a mailbox, or `nil` when it is whole or gone, in use, or on a node that is down.
    private func look(at id: EntityID) async throws(ExchangeError) -> MailboxRemains? {
        let queue: QueueStatus?
        do throws(ExchangeError) {
            queue = try await link.objects.status(ofMailbox: id)
        } catch let error where error.code == .unavailable {
            return nil
        }
        // Read after the queue, because the queue is created before the record is written.
        switch (try await session.directory.state(of: id), queue) {
        case (.registered(let known, _), nil): return MailboxRemains(id: known, kind: .registrationWithoutQueue)
        case (.missing, let queue?) where queue.consumerCount == 0:
            return MailboxRemains(id: id, kind: .queueWithoutRegistration)
        default: return nil
        }
    }
}
