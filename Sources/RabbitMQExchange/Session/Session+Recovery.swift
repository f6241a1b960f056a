internal import AMQP
internal import AgentExchange
internal import Logging

/// What a session does about a lost connection, and about things that are missing on the broker.
extension Session {
    /// Makes a new connection what the one before was: the queue of the session, its consumers, those of the mailboxes, the
    /// directory. Returns when the broker has confirmed each of them.
    ///
    /// A mailbox that can't be received from any more ends alone.
    ///
    /// - Throws: When the connection is of no use; another follows then.
    func recover(on connection: Connection) async throws(AMQPError) {
        if !living.consumers.isEmpty {
            try await prepare(connection) { () throws(ExchangeError) in
                try await Topology.shared(self.names).declareOrFind(on: self.link)
            }
            try await prepare(connection) { () throws(ExchangeError) in try await self.makeAnswerQueue() }
            useAnswers()
        }
        let (transports, consumers) = living
        for consumer in consumers { try await consumer.resume(on: connection) }
        try await directory.resume(on: connection)
        let failure = await withTaskGroup(of: AMQPError?.self) { group in
            for transport in transports {
                group.addTask {
                    do throws(AMQPError) {
                        try await transport.resume(on: connection)
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

    /// Something was missing on the broker: makes again what all share and what this session owns, with the ways to its
    /// mailboxes. What another session owns, that one makes again.
    func repair() async {
        let (transports, consumers) = living
        guard !consumers.isEmpty else { return }
        do throws(ExchangeError) {
            try await Topology.shared(names).declareOrFind(on: link)
            try await makeAnswerQueue()
            try await startAnswers()
            for transport in transports { try await transport.bind() }
            // Where it was removed, nothing is made again.
            if try await link.status(ofQueue: names.deadLetters) == nil { leaveOlder() }
        } catch {
            link.logger.warning(
                "what is missing on the broker could not be made again",
                metadata: .init(keys: [.error: "\(error)"])
            )
        }
    }

    /// What should be there may be missing, when a broker lost its data. What can't be made, or looked at, is gone without: a
    /// node may be down, or the broker user may not.
    private func prepare(
        _ connection: Connection,
        _ body: () async throws(ExchangeError) -> Void
    ) async throws(AMQPError) {
        do throws(ExchangeError) {
            try await body()
        } catch {
            guard connection.isOpen else { throw error.amqp }
            link.logger.warning(
                "what the exchange needs could not be made",
                metadata: .init(keys: [.error: "\(error)"])
            )
        }
    }
}

extension ExchangeError {
    /// The error of the connection below this one.
    var amqp: AMQPError {
        underlying as? AMQPError ?? AMQPError(code: .internal, delivery: .unknown, message: message)
    }
}
