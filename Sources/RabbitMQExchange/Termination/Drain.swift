internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// Answers the messages in the queue of a terminated mailbox, and deletes the queue.
///
/// A deleted queue dead-letters nothing, so every message is consumed, and acknowledged only when its answer is
/// confirmed. A message that can't be answered at once is first published to the dead-letter exchange, with a confirm.
/// A marker that is sent to the queue once the owner has let go shows the end: the broker serves one consumer at a
/// time, so the receiver of the marker has received everything before it. Of a work group it serves several, so the marker
/// counts only when no member consumes.
struct Drain: Sendable {
    let session: Session
    let id: EntityID

    /// The maximum number of received and unacknowledged messages.
    private static let window = 500

    /// How long a marker may take before it is sent again.
    private static let markerPatience = Duration.seconds(2)

    /// The state of a running drain.
    private final class Record: Sendable {
        /// Whether every received message could be moved.
        let isComplete = Atomic(true)
        /// The marker that ends it.
        let marker: Mutex<ControlMessage>
        /// Receives the answer to the marker that went to the dead letters.
        let forwarded = Mutex<OneShot<ControlMessage.Kind>?>(nil)

        init(_ marker: ControlMessage) {
            self.marker = Mutex(marker)
        }
    }

    var queue: String { session.names.queue(of: id) }

    /// The time between two checks of another session's drain.
    private static let lockInterval = Duration.milliseconds(200)

    /// Returns when the queue is deleted, and whether this drain deleted it.
    ///
    /// Only one session drains at a time. In RabbitMQ 3.10, a channel that publishes to a quorum queue for the first
    /// time while the queue is being deleted crashes on the broker and takes the connection with it. So no session may
    /// send a marker to a queue that another session is about to delete.
    ///
    /// - Parameter end: The time until which another session's drain is waited for; by default there is none.
    func run(until end: ContinuousClock.Instant? = nil) async throws(ExchangeError) -> Bool {
        while try await session.link.objects.status(ofMailbox: id) != nil {
            if let isDeleted = try await tryOnce() { return isDeleted }
            _ = await OneShot<Void>().wait(until: .now + Self.lockInterval)
            if let end, .now >= end { return false }
            if Task.isCancelled { return false }
        }
        return false
    }

    /// Drains the mailbox unless another session is doing it.
    ///
    /// - Returns: Whether the queue was emptied and deleted; `nil` when another session is draining, or the connection
    ///   was lost.
    func tryOnce() async throws(ExchangeError) -> Bool? {
        guard try await lock() else { return nil }
        TerminationStep.reached(.locked)
        let isDeleted: Bool?
        do throws(ExchangeError) {
            isDeleted = try await session.link.objects.status(ofMailbox: id) != nil ? try await drain() : false
        } catch {
            await unlock()
            throw error
        }
        await unlock()
        return isDeleted
    }

    /// Takes the lock, an exclusive queue. Returns `false` when another session has it, or another task of this one.
    private func lock() async throws(ExchangeError) -> Bool {
        guard session.attachments.beginDrain(of: id) else { return false }
        do throws(ExchangeError) {
            if try await lockOnBroker() { return true }
        } catch {
            session.attachments.endDrain(of: id)
            throw error
        }
        session.attachments.endDrain(of: id)
        return false
    }

    private func lockOnBroker() async throws(ExchangeError) -> Bool {
        let link = session.link
        let lock = QueueDeclaration(
            name: session.names.drainLock(of: id),
            durable: false,
            exclusive: true,
            autoDelete: false
        )
        do {
            let deadline = link.deadline
            _ = try await link.consumer.withChannel(deadline: deadline) { (channel) throws(AMQPError) in
                try await channel.declareQueue(lock, deadline: deadline)
            }
            return true
        } catch let error where error.code == .resourceLocked {
            return false
        } catch {
            throw ExchangeError(error, "can't drain the mailbox", entity: id)
        }
    }

    private func unlock() async {
        let (name, deadline) = (session.names.drainLock(of: id), session.link.deadline)
        _ = try? await session.link.declare("can't give up a lock") { (channel) throws(AMQPError) in
            try await channel.deleteQueue(name, deadline: deadline)
        }
        session.attachments.endDrain(of: id)
    }

    /// Returns whether this drain emptied and deleted the queue; `nil` when the connection was lost first.
    private func drain() async throws(ExchangeError) -> Bool? {
        let marker = newMarker
        let record = Record(marker)
        let key = session.names.drainKey(of: id, marker: marker.id)
        guard let (channel, consumer) = try await consume() else { return false }
        TerminationStep.reached(.attached)
        let drained = OneShot<Bool>()
        let owner = OwnerAnswers(
            of: id,
            isShared: isShared,
            on: session.link,
            session.replies,
            lease: session.direct?.ownershipLease ?? .zero
        )
        defer { owner.forget() }
        let isEmpty = await withDiscardingTaskGroup(returning: Bool.self) { group in
            group.addTask { await sendMarkers(record, key: key, owner, until: drained) }
            let isEmpty = await receive(consumer, record, key: key, owner)
            drained.set(true)
            return isEmpty
        }
        if isEmpty { await waitForDeadLetters(record) }
        // Done before its channel is closed: a quorum queue may process the close before the last acknowledgements, and
        // would then delete, and count, messages that are already in the dead letters.
        do throws(ExchangeError) {
            if isEmpty {
                TerminationStep.reached(.drained)
                try await delete()
                TerminationStep.reached(.deleted)
            }
        } catch {
            try? await channel.close(deadline: session.link.deadline)
            throw error
        }
        guard isEmpty || channel.connection.isOpen else { return nil }
        try? await channel.close(deadline: session.link.deadline)
        return isEmpty
    }

    /// Consumes the queue. Returns `nil` when it no longer exists.
    private func consume() async throws(ExchangeError) -> (Channel, Consumer)? {
        let link = session.link
        let declaration = ConsumerDeclaration(
            queue: queue,
            tag: "drain.\(id.uuid.lowercased).\(UUID().lowercased)",
            prefetch: Self.window,
            arguments: ["x-priority": 10]
        )
        do throws(AMQPError) {
            let channel = try await link.consumer.openChannel(confirms: false, deadline: link.deadline)
            do throws(AMQPError) {
                let consumer = try await channel.consume(
                    declaration,
                    keepingWithin: link.receiveWindow,
                    deadline: link.deadline
                )
                return (channel, consumer)
            } catch {
                channel.abandon()
                throw error
            }
        } catch let error where error.code == .notFound {
            return nil
        } catch {
            throw ExchangeError(error, "can't drain the mailbox", entity: id)
        }
    }

    /// Moves all messages up to the marker. Returns `false` when the queue must not be deleted: another session deleted
    /// it meanwhile, or a message could not be moved and was given back.
    private func receive(
        _ consumer: Consumer,
        _ record: Record,
        key: String,
        _ owner: OwnerAnswers
    ) async -> Bool {
        let isMarked = await withDiscardingTaskGroup(returning: Bool.self) { group in
            do throws(AMQPError) {
                for try await delivery in consumer {
                    if let control = ControlMessage(delivery.properties) {
                        let isMarker = record.marker.withLock { $0.id } == control.id
                        if isMarker, !owner.isLettingGo, await !hasMembers() {
                            end(delivery, control, record)
                            return true
                        }
                        delivery.acknowledge()
                        guard isMarker else { continue }
                        // If its process dies, its held requests come back behind this marker, and before the next one.
                        await owner.waitUntilReleased()
                        // A member that hangs keeps its requests until the broker misses its heartbeats.
                        if isShared { _ = await OneShot<Void>().wait(until: .now + Self.lockInterval) }
                        let next = newMarker
                        record.marker.withLock { $0 = next }
                        _ = try? await session.link.publish(next, key: key)
                    } else {
                        group.addTask {
                            if await !self.settle(delivery) { record.isComplete.store(false, ordering: .relaxed) }
                        }
                    }
                }
            } catch {
                session.link.logger.debug(
                    "a drain ended early",
                    metadata: .init(keys: [.mailbox: id.description, .error: error.description])
                )
            }
            return false
        }
        guard record.isComplete.load(ordering: .relaxed) else {
            session.link.logger.error(
                "a terminated mailbox could not be drained",
                metadata: .init(keys: [.mailbox: id.description, .reason: "the dead letters take no messages"])
            )
            return false
        }
        return isMarked
    }

    private var newMarker: ControlMessage { ControlMessage(.marker, mailbox: id, replyTo: session.link.replyTo) }

    /// Settles the last marker. An agent's marker goes to the dead letters, behind all of the broker's dead letters.
    private func end(_ delivery: Delivery, _ marker: ControlMessage, _ record: Record) {
        guard id.role == .agent else {
            delivery.acknowledge()
            return
        }
        let forwarded = session.replies.expect(marker.id)
        record.forwarded.withLock { $0 = forwarded }
        delivery.reject(requeue: false)
    }

    /// Waits until all messages that the broker dead-letters from the mailbox are among the dead letters. A queue that
    /// dead-letters at least once keeps them until then, and drops them when it is deleted. The session that receives
    /// the rejected marker there answers it.
    private func waitForDeadLetters(_ record: Record) async {
        guard let forwarded = record.forwarded.withLock({ $0 }) else { return }
        defer { session.replies.forget(record.marker.withLock { $0.id }) }
        guard await forwarded.wait(until: .now + session.link.patience) == nil else { return }
        session.link.logger.warning(
            "dead letters of a terminated mailbox may not have left it",
            metadata: .init(keys: [.mailbox: id.description])
        )
    }

    /// Tells the owner to let go, then sends the marker, and repeats both until the marker has come back.
    private func sendMarkers(
        _ record: Record,
        key: String,
        _ owner: OwnerAnswers,
        until drained: OneShot<Bool>
    ) async {
        await letGo(owner)
        TerminationStep.reached(.ownerGone)
        let link = session.link
        let way = Topology.Binding(of: queue, to: key, in: link.names)
        do throws(ExchangeError) {
            try await link.attempt("can't mark the end of a mailbox", entity: id) { (channel) throws(AMQPError) in
                try await channel.bind(
                    .queue(way.queue),
                    to: way.exchange,
                    routingKey: way.key,
                    deadline: link.deadline
                )
            }
            while !Task.isCancelled {
                _ = try? await link.publish(record.marker.withLock { $0 }, key: key)
                TerminationStep.reached(.marked)
                if await drained.wait(until: .now + Self.markerPatience) != nil { break }
                // An owner that missed the message, or could not ask the directory, would keep the mailbox forever.
                await owner.ask()
            }
        } catch {
            // The queue no longer exists, so the consumer was cancelled too.
        }
    }

    /// Asks the owner to answer its held requests and stop consuming, and tells standbys to stop. They are transports
    /// of this process or of others, if any.
    private func letGo(_ owner: OwnerAnswers) async {
        await session.attachments.letGo(of: id)
        let expected = isShared ? await others() ?? 0 : 0
        guard await owner.ask() || expected > 0 else { return }
        await owner.wait(expected, others)
    }

    /// Whether the mailbox is that of a work group.
    private var isShared: Bool { session.directory.isShared(id) }

    /// Returns whether members of a group still consume the mailbox, and may hold requests.
    private func hasMembers() async -> Bool { isShared ? await others() != 0 : false }

    /// Returns the number of consumers of the mailbox besides this drain's; `nil` when it can't be told.
    private func others() async -> Int? {
        do throws(ExchangeError) {
            guard let queue = try await session.link.objects.status(ofMailbox: id) else { return 0 }
            return max(0, queue.consumerCount - 1)
        } catch {
            return nil
        }
    }

    private func delete() async throws(ExchangeError) {
        let link = session.link
        let queue = queue
        let left = try await link.declare("can't delete the mailbox", entity: id) { (channel) throws(AMQPError) in
            try await channel.deleteQueue(queue, deadline: link.deadline)
        }
        // A missing queue is ignored.
        let attempts = session.names.attempts(of: id)
        _ = try? await link.declare("can't delete the notes") { (channel) throws(AMQPError) in
            try await channel.deleteQueue(attempts, deadline: link.deadline)
        }
        let events = session.names.waitingEvents(of: id)
        _ = try? await session.link.declare("can't delete the events") { (channel) throws(AMQPError) in
            try await channel.deleteQueue(events, deadline: link.deadline)
        }
        guard left > 0 else { return }
        link.logger.error(
            "a mailbox was deleted that was not empty",
            metadata: .init(keys: [.mailbox: id.description, .count: "\(left)"])
        )
    }
}
