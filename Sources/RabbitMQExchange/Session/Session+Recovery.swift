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
        let (transports, consumers) = living
        if !consumers.isEmpty {
            try await declareShared(on: connection)
            try await declareOwn()
        }
        for consumer in consumers { try await consumer.start(on: connection) }
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
        link.logger.warning("something of the exchange is missing on the broker; it is made again")
        do throws(ExchangeError) {
            try await Topology.shared(names).declareOrFind(on: link)
            try await Topology.session(link).declare(on: link)
            for transport in transports { try await transport.bind() }
        } catch {
            link.logger.error("it could not be made again", metadata: .init(keys: [.error: "\(error)"]))
        }
    }

    /// What all sessions share may be missing, when a broker lost its data. A broker user who may not make it goes on
    /// without.
    private func declareShared(on connection: Connection) async throws(AMQPError) {
        do throws(ExchangeError) {
            try await Topology.shared(names).declareOrFind(on: link)
        } catch {
            guard connection.isOpen else { throw error.amqp }
            link.logger.warning(
                "what the exchange needs could not be looked at",
                metadata: .init(keys: [.error: "\(error)"])
            )
        }
    }

    private func declareOwn() async throws(AMQPError) {
        do throws(ExchangeError) {
            try await Topology.session(link).declare(on: link)
        } catch {
            throw error.amqp
        }
    }
}

extension ExchangeError {
    /// The error of the connection below this one.
    var amqp: AMQPError {
        underlying as? AMQPError ?? AMQPError(code: .internal, delivery: .unknown, message: message)
    }
}
