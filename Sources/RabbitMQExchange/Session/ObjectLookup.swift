internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Synchronization

/// Reads objects of the broker without creating them. Each call has a channel of its own: a missing object closes it.
final class ObjectLookup: Sendable {
    private let connection: RecoveringConnection
    private let names: ExchangeNames
    private let limit: Duration
    /// The broker's reply for a missing queue, by the length of the queue's name.
    private let missing = Mutex<[Int: MissingQueue]>([:])

    /// - Parameter limit: The time limit of a call.
    init(on connection: RecoveringConnection, _ names: ExchangeNames, limit: Duration) {
        self.connection = connection
        self.names = names
        self.limit = limit
    }

    private var deadline: Deadline { .after(limit) }

    /// Returns whether the directory's objects exist.
    func hasDirectory() async throws(ExchangeError) -> Bool {
        guard try await hasExchange(names.agents) else { return false }
        if try await status(ofQueue: names.directory) != nil { return true }
        // It is recreated in the middle of a compaction.
        return try await hasCopyOfDirectory()
    }

    /// Returns whether a copy of the directory exists on the broker.
    func hasCopyOfDirectory() async throws(ExchangeError) -> Bool {
        try await status(ofQueue: names.directory(.copy)) != nil
    }

    /// Returns whether an exchange with this name exists, of any kind.
    func hasExchange(_ name: String) async throws(ExchangeError) -> Bool {
        let declaration = ExchangeDeclaration(name: name, kind: .direct, passive: true)
        let deadline = deadline
        do {
            try await connection.withChannel(deadline: deadline) { (channel) throws(AMQPError) in
                try await channel.declareExchange(declaration, deadline: deadline)
            }
            return true
        } catch let error where error.code == .notFound {
            return false
        } catch {
            throw ExchangeError(error, "can't look at the exchange \(name)")
        }
    }

    /// Returns a queue's numbers, or `nil` when it does not exist.
    ///
    /// - Throws: ``ExchangeError/Code/unavailable`` when it exists on a node that is down.
    func status(ofQueue name: String) async throws(ExchangeError) -> QueueStatus? {
        try await look(at: name, "the queue \(name)", entity: nil)
    }

    /// Reads a mailbox's queue. Returns `nil` when it does not exist.
    ///
    /// - Throws: ``ExchangeError/Code/unavailable`` when it exists on a node that is down.
    func status(ofMailbox id: EntityID) async throws(ExchangeError) -> QueueStatus? {
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
        let deadline = deadline
        return try await connection.withChannel(deadline: deadline) { (channel) throws(AMQPError) in
            try await channel.declareQueue(declaration, deadline: deadline)
        }
    }

    /// Returns whether the broker's reply equals its reply for a queue that certainly does not exist.
    ///
    /// A queue on a node that is down is also "not found" (404), and only the text of the reply differs. So the broker
    /// is asked about an unused name, and the texts are compared. Any other text means that the queue may exist.
    private func isMissing(_ queue: String, _ error: AMQPError) async throws(AMQPError) -> Bool {
        let length = queue.utf8.count
        if let known = missing.withLock({ $0[length] }), known.isSame(error.message, about: queue) { return true }
        // As long as the queue's name, because the broker cuts long texts.
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

/// The broker's reply for a queue that certainly does not exist.
struct MissingQueue: Sendable {
    let name: String
    let text: String

    /// Returns whether the broker's reply for another queue is the same.
    func isSame(_ other: String, about queue: String) -> Bool { other.replacing(queue, with: name) == text }
}

/// The error for a queue whose node can't be reached.
struct NodeIsDown: Error, CustomStringConvertible {
    /// The broker's reply.
    let reply: AMQPError

    var description: String { reply.description }
}

extension ExchangeError {
    /// Whether an object only seems missing because its node is down.
    var isAboutANode: Bool { underlying is NodeIsDown }
}
