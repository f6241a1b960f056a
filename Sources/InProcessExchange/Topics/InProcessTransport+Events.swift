internal import AgentExchange
internal import Synchronization

extension InProcessTransport: EventTransport {
    func publish(_ event: Event) async throws(ExchangeError) -> Bool {
        try checkIsOpen()
        guard event.payload.bytes.count <= maximumMessageSize else {
            let text = "the payload has \(event.payload.bytes.count) bytes, \(maximumMessageSize) are allowed"
            throw ExchangeError(.messageTooLarge, text)
        }
        let isTaken = try exchange.publish(event)
        if !isTaken { ExchangeMetrics.current.count(.eventsDropped, [.reason("no-subscriber")]) }
        return isTaken
    }

    func subscribe(_ subscription: Subscription, adopting: Bool) async throws(ExchangeError) -> Subscription {
        try checkIsOpen()
        return try exchange.topics.withLock { (table) throws(ExchangeError) in
            try table.add(subscription, adopting: adopting)
        }
    }

    func unsubscribe(id: String) async throws(ExchangeError) {
        try checkIsOpen()
        try exchange.topics.withLock { (table) throws(ExchangeError) in try table.remove(id: id) }
    }

    func subscriptions() async throws(ExchangeError) -> [Subscription] {
        try checkIsOpen()
        return exchange.topics.withLock { $0.subscriptions }
    }

    func declareSlots(_ slots: [AgentID], ofType agentType: String) async throws(ExchangeError) {
        try checkIsOpen()
        try exchange.declareSlots(slots, ofType: agentType)
    }

    func removeType(_ agentType: String, slots: [AgentID]) async throws(ExchangeError) {
        try checkIsOpen()
        exchange.topics.withLock { $0.removeType(agentType, slots: slots) }
    }

    func takeEvents(_ take: @escaping @Sendable (EventDelivery) -> Void) {
        eventTaker.withLock { $0 = take }
    }

    func settle(_ delivery: EventDelivery) {
        _ = mailbox.settle(delivery, by: receiver)
    }

    func park(_ delivery: EventDelivery, reason: String) async throws(ExchangeError) {
        try checkIsOpen()
        guard case .agent = mailboxID.role, case let slot = AgentID(uuid: mailboxID.uuid),
            mailbox.settle(delivery, by: receiver)
        else { return }
        exchange.park(ParkedEvent(delivery: delivery, slot: slot, reason: reason))
    }
}
