internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Synchronization

/// Looking at objects of the broker without making them. Each look has a channel of its own: a missing object closes it.
extension BrokerLink {
    /// Whether there is an exchange of this name, of whatever kind.
    func hasExchange(_ name: String) async throws(ExchangeError) -> Bool {
        let declaration = ExchangeDeclaration(name: name, kind: .direct, passive: true)
        let limit = deadline
        do {
            try await consumer.withChannel(deadline: limit) { (channel) throws(AMQPError) in
                try await channel.declareExchange(declaration, deadline: limit)
            }
            return true
        } catch let error where error.code == .notFound {
            return false
        } catch {
            throw ExchangeError(error, "can't look at the exchange \(name)")
        }
    }

    /// A queue's figures; `nil` when there is none of this name.
    ///
    /// - Throws: ``ExchangeError/Code/unavailable`` when it exists on a node that is down.
    func status(ofQueue name: String) async throws(ExchangeError) -> QueueStatus? {
        try await look(at: name, "the queue \(name)", entity: nil)
    }

    /// Looks at a mailbox's queue; `nil` when it is not there.
    ///
    /// - Throws: ``ExchangeError/Code/unavailable`` when it exists on a node that is down.
    func lookAt(_ id: EntityID) async throws(ExchangeError) -> QueueStatus? {
        try await look(at: names.queue(of: id), "the mailbox", entity: id)
    }

    private func look(
        at queue: String,
        _ what: String,
        entity: EntityID?
    ) async throws(ExchangeError) -> QueueStatus? {
        let reply: AMQPError
        do throws(AMQPError) {
            return try await passiveDeclare(queue)
        } catch {
            reply = error
        }
        do throws(AMQPError) {
            guard reply.code == .notFound else { throw reply }
            if try await isMissing(queue, reply) { return nil }
        } catch {
            throw ExchangeError(error, "can't look at \(what)", entity: entity)
        }
        throw ExchangeError(
            .unavailable,
            "the node that has \(what) is down",
            entity: entity,
            underlying: NodeIsDown(reply: reply)
        )
    }

    private func passiveDeclare(_ queue: String) async throws(AMQPError) -> QueueStatus {
        let declaration = QueueDeclaration(name: queue, passive: true)
        let limit = deadline
        return try await consumer.withChannel(deadline: limit) { (channel) throws(AMQPError) in
            try await channel.declareQueue(declaration, deadline: limit)
        }
    }

    /// Whether the broker says of a queue what it says of one that certainly is not there.
    ///
    /// A queue on a node that is down is "not found" too (404), and only the text of the reply tells. So the broker is asked
    /// about a name that nobody has, and the texts are compared. Any other text means that the queue may exist.
    private func isMissing(_ queue: String, _ error: AMQPError) async throws(AMQPError) -> Bool {
        let length = queue.utf8.count
        if let known = missing.withLock({ $0[length] }), known.isSame(error.message, about: queue) { return true }
        // As long as the queue's, because the broker cuts long texts.
        let nobody = String(UUID().lowercased.prefix(length))
        let name = String(queue.dropLast(nobody.utf8.count)) + nobody
        do throws(AMQPError) {
            _ = try await passiveDeclare(name)
            return false
        } catch let reply where reply.code == .notFound {
            let known = MissingQueue(name: name, text: reply.message)
            missing.withLock { $0[length] = known }
            return known.isSame(error.message, about: queue)
        }
    }
}

/// What the broker says of a queue that certainly is not there.
struct MissingQueue: Sendable {
    let name: String
    let text: String

    /// Whether the broker says the same of another queue.
    func isSame(_ other: String, about queue: String) -> Bool { other.replacing(queue, with: name) == text }
}

/// A queue exists, and its node can't be reached.
struct NodeIsDown: Error, CustomStringConvertible {
    /// What the broker said.
    let reply: AMQPError

    var description: String { reply.description }
}

extension ExchangeError {
    /// Whether what is missing is only on a node that is down.
    var isAboutANode: Bool { underlying is NodeIsDown }
}
