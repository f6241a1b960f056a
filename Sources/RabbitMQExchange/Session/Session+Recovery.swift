internal import AMQP
internal import AgentExchange
internal import Logging

/// Recovers a session from a lost connection, and from missing objects on the broker.
extension Session {
    /// Restores everything on a new connection: the queue of the session, its consumers, those of the mailboxes, the
    /// directory. Returns when the broker has confirmed each of them.
    ///
    /// A mailbox that can no longer receive ends without affecting others.
    ///
    /// - Throws: An error when the connection is unusable; another connection follows.
    func recover(on connection: Connection) async throws(AMQPError) {
        if !consumers.isEmpty {
            try await prepare(connection) { () throws(ExchangeError) in
                try await Topology.shared(self.names).declareOrFind(on: self.link)
            }
            try await prepare(connection) { () throws(ExchangeError) in try await self.queue.make() }
            useAnswers()
        }
        for consumer in consumers { try await consumer.resume(on: connection) }
        try await directory.follower.resume(on: connection)
        try await topics.log.resume(on: connection)
        let failure = await withTaskGroup(of: AMQPError?.self) { group in
            for attachment in attachments.all {
                group.addTask {
                    do throws(AMQPError) {
                        try await attachment.resume(on: connection)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(nil) { $0 ?? $1 }
        }
        if let failure { throw failure }
    }

    /// Restores missing objects on the broker: those that all sessions share and those that this session owns, with the
    /// bindings of its mailboxes. Every session restores its own objects.
    func repair() async {
        guard !consumers.isEmpty else { return }
        do throws(ExchangeError) {
            try await Topology.shared(names).declareOrFind(on: link)
            try await queue.make()
            try await startAnswers()
            for attachment in attachments.all { try await attachment.bind() }
            // If it was removed, nothing is restored.
            if try await link.objects.status(ofQueue: names.deadLetters) == nil { leaveOlder() }
        } catch {
            link.logger.warning(
                "missing objects on the broker could not be restored",
                metadata: .init(keys: [.error: "\(error)"])
            )
        }
    }

    /// Checks now and then whether the exchange still leads to this session. If an exchange or a binding was deleted,
    /// restores everything that this session owns. Runs until the session ends.
    func keepWays() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: link.configuration.heartbeat)
            guard link.isConnected, !Task.isCancelled else { continue }
            do throws(AMQPError) {
                if try await !queue.isReachable() {
                    link.logger.warning("the way to this session was missing on the broker; it is made again")
                    await repair()
                }
            } catch {
                link.logger.debug("the ways could not be looked at", metadata: .init(keys: [.error: "\(error)"]))
            }
            // A session of an older version may have appeared meanwhile.
            try? await serveOlder()
        }
    }

    /// Restores objects that may be missing, for example when a broker lost its data. An object that can't be created
    /// or read is skipped: a node may be down, or the broker user may lack the permission.
    private func prepare(
        _ connection: Connection,
        _ body: () async throws(ExchangeError) -> Void
    ) async throws(AMQPError) {
        do throws(ExchangeError) {
            try await body()
        } catch {
            guard connection.isOpen else { throw error.amqp }
            link.logger.warning(
                "the objects of the exchange could not be created",
                metadata: .init(keys: [.error: "\(error)"])
            )
        }
    }
}

extension ExchangeError {
    /// The underlying AMQP error.
    var amqp: AMQPError {
        underlying as? AMQPError ?? AMQPError(code: .internal, delivery: .unknown, message: message)
    }
}
