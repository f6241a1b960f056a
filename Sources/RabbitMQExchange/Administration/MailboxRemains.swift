internal import AMQP
public import AgentExchange

/// A half of a mailbox: a registration that failed left it, or an operator who deleted the other half.
public struct MailboxRemains: Sendable, Hashable {
    /// Which half is there.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// The agent is registered, and found by others, and has no queue.
        case registrationWithoutQueue
        /// There is a queue, and the directory does not know whose it is.
        case queueWithoutRegistration
    }

    /// Whose mailbox it is.
    public let id: EntityID

    /// Which half is there.
    public let kind: Kind
}

extension ExchangeAdministration {
    /// The remains of mailboxes at this moment. A queue without a registration may belong to one that is under way.
    ///
    /// - Parameter facts: What the management plugin tells. Without it only registrations without a queue are found: AMQP
    ///   can't list queues.
    public func remains(_ facts: ManagementFacts? = nil) async throws(ExchangeError) -> [MailboxRemains] {
        guard try await isProvisioned() else { return [] }
        var remains: [MailboxRemains] = []
        for report in try await mailboxes(facts) where report.id.role == .agent && report.state == .unavailable {
            if let found = try await look(at: report.id) { remains.append(found) }
        }
        return remains + (try await unregistered(facts))
    }

    /// The queues that are not registered, of those that the management plugin told of.
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

    /// Removes the remains of mailboxes: they are terminated, and what is in their queues is answered with
    /// `mailboxTerminated`.
    ///
    /// Each is looked at again after a while, so that a registration or a repair that is under way can end. A queue that
    /// somebody receives from stays, and so does everything on a node that is down.
    ///
    /// - Parameters:
    ///   - facts: As for ``remains(_:)``.
    ///   - patience: The time between the two looks, a day at most; by default longer than a registration may take with this configuration.
    ///   - report: Called with each of the remains that was removed.
    /// - Returns: The remains that were removed.
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

    /// What remains of a mailbox; `nil` when it is whole or gone, in use, or on a node that is down.
    private func look(at id: EntityID) async throws(ExchangeError) -> MailboxRemains? {
        let queue: QueueStatus?
        do throws(ExchangeError) {
            queue = try await link.lookAt(id)
        } catch let error where error.code == .unavailable {
            return nil
        }
        // Afterwards: the queue is made before the record is written.
        switch (try await session.directory.state(of: id), queue) {
        case (.registered(let known, _), nil): return MailboxRemains(id: known, kind: .registrationWithoutQueue)
        case (.missing, let queue?) where queue.consumerCount == 0:
            return MailboxRemains(id: id, kind: .queueWithoutRegistration)
        default: return nil
        }
    }
}
