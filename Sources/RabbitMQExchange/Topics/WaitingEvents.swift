internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
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
    func bringBack() async {
        do throws(ExchangeError) {
            guard try await link.objects.status(ofQueue: queue) != nil else { return }
            let (name, deadline) = (queue, link.deadline)
            let key = link.names.mailboxKey(of: contents.mailboxID)
            try await link.attempt("can't bring waiting events back", entity: contents.mailboxID) {
                (channel) throws(AMQPError) in
                while let delivery = try await channel.get(name, deadline: deadline) {
                    var properties = delivery.properties
                    properties.headers[Header.deliveryCount] = nil
                    let publication = link.names.publication(properties, delivery.body, to: key)
                    try await link.publish(publication)
                    delivery.acknowledge()
                }
            }
        } catch {
            link.logger.warning(
                "events that waited could not be brought back; the next receiver tries again",
                metadata: .init(keys: [.mailbox: contents.mailboxID.description, .error: "\(error)"])
            )
        }
    }
}
