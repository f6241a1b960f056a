internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives

/// Receives again after the consumer was lost. Held requests are delivered again, and recognized.
extension MailboxAttachment {
    /// How long another receiver of the mailbox may take to answer.
    private static let proofPatience = Duration.seconds(24 * 3600)

    /// Receives again on a new connection. Returns when the broker has confirmed the consumer, or when only this
    /// mailbox has a problem, which is then handled in the background.
    ///
    /// - Throws: An error when the connection is unusable.
    func resume(on connection: Connection) async throws(AMQPError) {
        guard isAttached else { return }
        guard !isVisitor else {
            session.background.start { try? await self.bind() }
            return
        }
        do throws(AMQPError) {
            try await receive(on: connection)
        } catch {
            guard connection.isOpen else { throw error }
            session.background.start { await self.restart(on: connection, after: error) }
        }
    }

    /// Restores the mailbox's bindings: messages, broadcasts, control messages.
    func bind() async throws(ExchangeError) {
        guard isAttached else { return }
        guard !isVisitor else { return try await VisitorRoutes(of: mailboxID, on: link).bind() }
        try await bindControl()
        var lineage: [String] = []
        switch session.directory.known(mailboxID) {
        case .terminated: return
        case .registered(_, let types): lineage = types
        case .missing: break
        }
        let bindings = Topology.mailboxBindings(
            of: mailboxID,
            lineage: lineage,
            session.names,
            forOlder: link.servesOlder
        )
        try await Topology(exchanges: [], queues: [], bindings: bindings).declare(on: link, entity: mailboxID)
        try await session.delays.restore(contents)
    }

    private func receive(on connection: Connection) async throws(AMQPError) {
        do throws(ExchangeError) {
            try await bindControl()
        } catch {
            throw error.amqp
        }
        guard mode == .exclusive, !isMember else {
            try await consume(on: connection, proof: nil)
            if isMember { intake.prove() }
            return
        }
        let probe = ControlMessage(.probe, mailbox: mailboxID, replyTo: link.replyTo)
        let proof = session.replies.expect(probe.id)
        do throws(AMQPError) {
            try await consume(on: connection, proof: proof)
        } catch {
            session.replies.forget(probe.id)
            throw error
        }
        session.background.start { await self.find(probe, proof) }
    }

    /// Sends a message to the mailbox itself. Another process that has taken the mailbox answers it. A dead one does
    /// not, such as this process's own consumer on a connection that the broker has not closed yet; then the message
    /// comes back later.
    private func find(_ probe: ControlMessage, _ proof: OneShot<ControlMessage.Kind>) async {
        defer { session.replies.forget(probe.id) }
        do throws(AMQPError) {
            _ = try await link.publish(probe, key: session.names.mailboxKey(of: mailboxID))
        } catch {
            link.logger.debug("a mailbox could not be probed", metadata: .init(keys: [.error: error.description]))
        }
        guard await proof.wait(until: .now + Self.proofPatience) == .inUse else { return }
        let error = ExchangeError(
            .mailboxInUse,
            "another process took the mailbox while the connection was lost",
            entity: mailboxID
        )
        link.logger.error("a mailbox was taken", metadata: .init(keys: [.mailbox: mailboxID.description]))
        contents.inbox.end(error)
        await detach()
    }

    /// Restarts the consumer on an open connection, until it works or the mailbox is known to be gone. A new connection
    /// restarts it anyway.
    func restart(on connection: Connection, after error: AMQPError) async {
        link.logger.warning(
            "a mailbox is not received from; its consumer is started again",
            metadata: .init(keys: [.mailbox: mailboxID.description, .error: error.description])
        )
        var pause = link.pause()
        while connection.isOpen, isAttached, !Task.isCancelled {
            do {
                if try await link.objects.status(ofMailbox: mailboxID) != nil {
                    guard connection.isOpen, isAttached else { return }
                    try await receive(on: connection)
                    return
                }
                if await isGone() { return }
            } catch {
                link.logger.debug(
                    "a mailbox is still not received from",
                    metadata: .init(keys: [.mailbox: mailboxID.description, .error: "\(error)"])
                )
            }
            await pause.next()
        }
    }

    /// Returns whether the queue is gone, by a termination or an operator. Returns `false` when the directory can't be
    /// asked.
    private func isGone() async -> Bool {
        let known: DirectoryIndex.State
        do throws(ExchangeError) {
            known = try await session.directory.state(of: mailboxID)
        } catch {
            return false
        }
        if known == .terminated {
            await letGo()
            return true
        }
        let text = "the queue of the mailbox was deleted on the broker"
        link.logger.error(
            "a mailbox is gone",
            metadata: .init(keys: [.mailbox: mailboxID.description, .reason: text])
        )
        contents.inbox.end(ExchangeError(.unavailable, text, entity: mailboxID))
        await detach()
        return true
    }
}
