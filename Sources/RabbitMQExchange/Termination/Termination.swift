internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives

/// The termination of a mailbox.
///
/// The order matters and was measured: announce (now it is known everywhere), unbind (now the broker refuses later
/// messages), let the owner answer its held requests, answer the ready messages, delete. Each step
/// can be repeated, so that any session can complete an unfinished termination.
struct Termination: Sendable {
    let session: Session
    let id: EntityID

    /// How long a caller waits for the drain, which continues without it; less when operations have less time.
    private static let patience = Duration.seconds(10)

    /// Terminates the mailbox. Does nothing when it never existed; completes an unfinished termination.
    func run() async throws(ExchangeError) {
        let types: [String]
        switch try await state() {
        case .missing:
            return
        case .terminated:
            guard try await session.link.objects.status(ofMailbox: id) != nil else { return }
            types = session.directory.unfinished.lineage(of: id) ?? []
        case .registered(let known, let lineage):
            try await session.directory.announce(.terminated(known, lineage: lineage))
            types = lineage
            TerminationStep.reached(.announced)
        }
        try await unbind(lineage: types)
        let done = OneShot<Void>()
        session.background.start {
            await finish()
            done.set()
        }
        _ = await done.wait(until: .now + min(Self.patience, session.link.configuration.operationTimeout))
    }

    /// Terminates a mailbox whose registration failed, or that was never registered. Returns when the queue is deleted.
    ///
    /// - Parameter bindings: The bindings of the mailbox besides those that follow from `lineage`.
    /// - Throws: `unavailable` when the queue could not be emptied: a message can be neither answered nor moved, or another
    ///   session is at it.
    func remove(lineage: [String], bindings: [Topology.Binding] = []) async throws(ExchangeError) {
        try await session.directory.announce(.terminated(id, lineage: lineage))
        try await unbind(ways(lineage: lineage) + bindings)
        let isDeleted = try await Drain(session: session, id: id).run(until: .now + session.link.patience * 2)
        if !isDeleted, try await session.link.objects.status(ofMailbox: id) != nil {
            throw ExchangeError(.unavailable, "the mailbox could not be emptied", entity: id)
        }
        try await session.directory.announce(.finished(id))
    }

    /// Completes an unfinished termination. Returns `false` if another session is completing it.
    func takeOver(lineage: [String]) async throws(ExchangeError) -> Bool {
        try await unbind(lineage: lineage)
        guard try await Drain(session: session, id: id).tryOnce() == true else { return false }
        try await session.directory.announce(.finished(id))
        return true
    }

    private func state() async throws(ExchangeError) -> DirectoryIndex.State {
        let known = session.directory.known(id)
        if case .registered = known { return known }
        return try await session.directory.state(of: id)
    }

    /// Removes the bindings: the broker then returns messages to the mailbox, and broadcasts skip it.
    private func unbind(lineage: [String]) async throws(ExchangeError) {
        try await unbind(ways(lineage: lineage))
    }

    /// Returns the bindings of an entity with these types.
    private func ways(lineage: [String]) -> [Topology.Binding] {
        Topology.mailboxBindings(of: id, lineage: lineage, session.names, forOlder: session.link.servesOlder)
            + session.topics.bindings(of: id)
    }

    private func unbind(_ bindings: [Topology.Binding]) async throws(ExchangeError) {
        try await session.delays.unbind(id)
        let deadline = session.link.deadline
        try await session.link.declare("can't unbind the mailbox", entity: id) { (channel) throws(AMQPError) in
            try await Topology.Binding.forEach(bindings) { binding throws(AMQPError) in
                try await channel.unbind(
                    .queue(binding.queue),
                    from: binding.exchange,
                    routingKey: binding.key,
                    deadline: deadline
                )
            }
        }
        TerminationStep.reached(.unbound)
    }

    /// Lets the owner go, drains and deletes.
    private func finish() async {
        do throws(ExchangeError) {
            guard try await Drain(session: session, id: id).run() else { return }
            try await session.directory.announce(.finished(id))
        } catch {
            session.link.logger.error(
                "a terminated mailbox could not be drained",
                metadata: .init(keys: [.mailbox: id.description, .error: error.description])
            )
        }
    }
}
