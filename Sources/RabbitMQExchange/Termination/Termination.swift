internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging

/// The termination of a mailbox.
///
/// The order matters and was measured: announce (now everybody knows), unbind (now the broker refuses what comes later),
/// let the owner answer what it holds, drain what is ready to the dead letters, delete. Each step can be repeated, so
/// that any session can finish what another began.
struct Termination: Sendable {
    let session: Session
    let id: EntityID

    /// How long a caller waits for the draining, which goes on without it; less when operations have less.
    private static let patience = Duration.seconds(10)

    /// Terminates the mailbox. Does nothing when it never was; finishes it when another session did not.
    func run() async throws(ExchangeError) {
        let types: [String]
        switch try await state() {
        case .missing:
            return
        case .terminated:
            guard try await session.link.lookAt(id) != nil else { return }
            types = session.directory.unfinished.lineage(of: id) ?? []
        case .registered(let known, let lineage):
            try await session.directory.announce(.terminated(known, lineage: lineage))
            types = lineage
            TerminationStep.reached(.announced)
        }
        try await unbind(lineage: types)
        let done = Signal<Void>()
        session.background.start {
            await finish()
            done.send(())
        }
        _ = await done.wait(until: .now + min(Self.patience, session.link.configuration.operationTimeout))
    }

    /// Terminates a mailbox whose registration failed, or that nobody registered. Returns when the queue is gone.
    ///
    /// - Parameter bindings: What leads to the mailbox besides that which `lineage` tells.
    func remove(lineage: [String], bindings: [Topology.Binding] = []) async throws(ExchangeError) {
        try await session.directory.announce(.terminated(id, lineage: lineage))
        try await unbind(ways(lineage: lineage) + bindings)
        _ = try await Drain(session: session, id: id).run()
        try await session.directory.announce(.finished(id))
    }

    /// Finishes what another session began, unless somebody else does. Returns whether it did.
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

    /// From now on the broker returns what is sent to the mailbox, and broadcasts pass it by.
    private func unbind(lineage: [String]) async throws(ExchangeError) {
        try await unbind(ways(lineage: lineage))
    }

    /// What leads to the mailbox of an entity of these types.
    private func ways(lineage: [String]) -> [Topology.Binding] {
        Topology.mailboxBindings(of: id, lineage: lineage, session.names, forOlder: session.link.servesOlder)
    }

    private func unbind(_ bindings: [Topology.Binding]) async throws(ExchangeError) {
        let deadline = session.link.deadline
        try await session.link.declare("can't unbind the mailbox", entity: id) { (channel) throws(AMQPError) in
            try await Topology.Binding.forEach(bindings) { binding throws(AMQPError) in
                try await channel.unbindQueue(
                    binding.queue,
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
