internal import AMQP
internal import AgentExchange
internal import Logging
internal import Synchronization

/// Takes events. They are held like requests, and settled without an answer.
extension DeliveryIntake {
    /// Takes an event after asking the directory, the log of subscriptions and the notes for missing facts.
    func takeLater(event delivery: Delivery, isSenderLearned: Bool) async {
        do throws(ExchangeError) {
            try await inform()
        } catch {
            link.logger.warning(
                "the log of subscriptions could not be read; an event waits",
                metadata: .init(keys: [.mailbox: mailboxID.description, .error: "\(error)"])
            )
        }
        if isSenderLearned, isInformed { return await count(event: delivery) }
        contents.refuse { [self] settlement in
            await settlement.persist(with: delivery) {
                guard await session.senders.learnSender(of: delivery.properties), (try? await inform()) != nil else {
                    return false
                }
                await count(event: delivery)
                return true
            }
        }
    }

    /// Takes an event, with a note of its attempt where the broker does not count.
    private func count(event delivery: Delivery) async {
        guard delivery.redelivered, let notes, let request = read(event: delivery)?.request,
            !contents.held.withLock({ $0.knows(request) })
        else { return take(event: delivery) }
        take(event: delivery, attempt: await notes.next(of: request))
    }

    /// Takes an event.
    ///
    /// - Parameter attempt: The attempt, if it is known better than from the delivery.
    func take(event delivery: Delivery, attempt: Int? = nil) {
        if contents.isTerminated { return delivery.acknowledge() }
        guard case (var request, let received)? = read(event: delivery) else { return }
        let event = received.event
        if let attempt { request.attempt = attempt }
        if let reason = session.senders.objection(to: request.source, userID: delivery.properties.userID) {
            return contents.refuse { await $0.park(delivery, reason) }
        }
        guard case .agent = mailboxID.role, case let slot = AgentID(uuid: mailboxID.uuid),
            case let subscriptions = session.topics.log.read({ $0.subscriptions(of: slot, to: event.topic) }),
            !subscriptions.isEmpty
        else {
            // A binding lets through more than its subscription, or has outlived it.
            link.logger.debug(
                "an event has no subscription",
                metadata: .init(keys: [.mailbox: mailboxID.description, .tag: request.tag.lowercased])
            )
            return delivery.acknowledge()
        }
        if request.attempt - 1 > link.configuration.redeliveryLimit, !contents.held.withLock({ $0.knows(request) }) {
            return contents.refuse { await $0.park(delivery, "an event that was received too often") }
        }
        let taken = contents.held.withLock { held in
            let taken = held.take(
                request,
                way: .mailbox,
                receipt: .delivery(delivery),
                isCopy: Envelope.isCopy(delivery.properties)
            )
            switch taken {
            case .new(let counted): shelve(received, subscriptions, counted)
            case .waits: shelve(received, subscriptions, request)
            default: break
            }
            return taken
        }
        switch taken {
        case .new(let request): contents.inbox.put(.request(request))
        case .waits: break
        case .copy(let first): first?.settle()
        case .late, .answered: delivery.acknowledge()
        case .closed: delivery.reject(requeue: true)
        }
    }

    private func shelve(_ received: Envelope.ReceivedEvent, _ subscriptions: [Subscription], _ request: Request) {
        contents.shelf.add(
            EventDelivery(
                event: received.event,
                subscriptions: subscriptions,
                attempt: request.attempt,
                published: received.published
            ),
            as: request
        )
    }

    /// Returns an event, and the request that stands for it. One that can't be read is parked.
    private func read(event delivery: Delivery) -> (request: Request, received: Envelope.ReceivedEvent)? {
        do throws(Envelope.Malformed) {
            if delivery.omittedBytes > 0 { throw Envelope.Malformed(reason: delivery.omission, request: nil) }
            let read = try Envelope.decodeEvent(
                delivery.properties,
                body: delivery.body,
                redelivered: delivery.redelivered
            )
            guard
                var request = try? Request(
                    from: read.source,
                    to: mailboxID,
                    tag: read.event.publicationID,
                    label: nil,
                    deadline: nil,
                    context: [:],
                    credit: nil,
                    path: CallPath(),
                    principal: session.senders.principal(of: delivery.properties),
                    protocolVersion: .current,
                    .foreign(kind: .event, payload: .empty)
                )
            else { throw Envelope.Malformed(reason: "it can't be held", request: nil) }
            request.attempt = read.attempt
            return (request, read)
        } catch {
            contents.refuse { await $0.park(delivery, error.reason) }
            return nil
        }
    }
}
