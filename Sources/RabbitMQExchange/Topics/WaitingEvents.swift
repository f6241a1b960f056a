internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// The events of a mailbox whose receiver takes none, so that requests pass them: they wait in a queue of their own, until a
/// receiver takes events.
struct WaitingEvents: Sendable {
    let contents: MailboxContents

    private var link: BrokerLink { contents.link }
    private var queue: String { link.names.waitingEvents(of: contents.mailboxID) }

    /// Moves an event that was handed out and is not taken to the queue.
    func setAside(_ event: Request) {
        guard let request = contents.shelf.take(event.tag),
            case .released(let entry) = contents.held.withLock({ $0.release(request) })
        else { return }
        guard case .delivery(let delivery)? = entry.receipt else { return contents.handOutNext() }
        // One after another, so that they stay in order.
        if contents.shelf.addUntaken(delivery) {
            contents.refuse { settlement in
                while let delivery = contents.shelf.nextUntaken() {
                    await settlement.persist(with: delivery) { await move(delivery) }
                }
            }
        }
        contents.handOutNext()
    }

    /// Returns `false` when the event could not be moved now.
    private func move(_ delivery: Delivery) async -> Bool {
        let principal = contents.session.senders.principal(of: delivery.properties)
        var properties = delivery.properties.forMoving(principal: principal)
        properties.headers[Header.deliveryCount] = nil
        let way = Topology.Binding(of: queue, to: queue, in: link.names)
        let publication = Publication(
            exchange: way.exchange,
            routingKey: queue,
            properties: properties,
            body: delivery.body,
            mandatory: true
        )
        for isLast in [false, true] {
            do throws(AMQPError) {
                try await link.publish(publication)
                delivery.acknowledge()
                return true
            } catch {
                guard error.code == .unroutable, !isLast else { return false }
            }
            do throws(ExchangeError) {
                try await topology.declare(on: link, entity: contents.mailboxID)
            } catch {
                link.logger.warning(
                    "an event that is not taken could not be set aside",
                    metadata: .init(keys: [.mailbox: contents.mailboxID.description, .error: "\(error)"])
                )
                return false
            }
        }
        return false
    }

    /// The queue, of the same kind as the mailbox.
    private var topology: Topology {
        let isReplicated = link.configuration.mailboxKind == .replicated
        var arguments: FieldTable = ["x-queue-type": isReplicated ? "quorum" : "classic"]
        if isReplicated { arguments["x-delivery-limit"] = .int64(1 << 30) }
        return Topology(
            exchanges: [],
            queues: [QueueDeclaration(name: queue, arguments: arguments)],
            bindings: [Topology.Binding(of: queue, to: queue, in: link.names)]
        )
    }

    /// Puts the waiting events into the mailbox, before its receiver takes others. They come behind the mailbox's messages, or
    /// before those that are sent later.
    ///
    /// - Returns: Whether no event waits that could be brought back; `false` when it has to be tried again.
    func bringBack() async -> Bool {
        do throws(ExchangeError) {
            guard try await link.objects.status(ofQueue: queue) != nil else { return true }
            let name = queue
            let key = link.names.mailboxKey(of: contents.mailboxID)
            try await link.attempt("can't bring waiting events back", entity: contents.mailboxID) {
                (channel) throws(AMQPError) in
                // Each event has the time of an operation, however many there are.
                while let delivery = try await channel.get(name, deadline: link.deadline) {
                    var properties = delivery.properties
                    properties.headers[Header.deliveryCount] = nil
                    try await link.publish(link.names.publication(properties, delivery.body, to: key))
                    delivery.acknowledge()
                }
            }
            return true
        } catch {
            if Task.isCancelled { return false }
            link.logger.warning(
                "events that waited could not be brought back; it is tried again",
                metadata: .init(keys: [.mailbox: contents.mailboxID.description, .error: "\(error)"])
            )
            // A queue that is not full refuses the messages of an older channel.
            if (error.underlying as? AMQPError)?.code == .nacked { await link.renewChannel() }
            return false
        }
    }

    /// Brings waiting events back as long as their receiver takes events, until the task is cancelled: after a failure again, with
    /// growing pauses, and whenever the consumer is started or served anew. Another receiver may have set events aside before,
    /// or may have died while it brought them back.
    ///
    /// - Parameters:
    ///   - start: The next start of the consumer at the time of the last attempt.
    ///   - isDone: Whether that attempt succeeded.
    func keepBringingBack(to intake: DeliveryIntake, after start: OneShot<Void>, isDone: Bool) async {
        var (start, isDone, pause) = (start, isDone, link.pause())
        while true {
            if isDone {
                _ = await start.wait()
                pause = link.pause()
            } else {
                await pause.next(until: start)
            }
            if Task.isCancelled { return }
            start = intake.nextStart
            isDone = await bringBack()
        }
    }
}
