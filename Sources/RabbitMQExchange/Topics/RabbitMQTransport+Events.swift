internal import AgentExchange

extension RabbitMQTransport: EventTransport {
    func subscribe(_ subscription: Subscription, adopting: Bool) async throws(ExchangeError) -> Subscription {
        try checkOpen()
        return try await session.topics.subscribe(subscription, adopting: adopting)
    }

    func unsubscribe(id: String) async throws(ExchangeError) {
        try checkOpen()
        try await session.topics.unsubscribe(id: id)
    }

    func subscriptions() async throws(ExchangeError) -> [Subscription] {
        try checkOpen()
        return try await session.topics.subscriptions()
    }

    func declareSlots(_ slots: [AgentID], ofType agentType: String) async throws(ExchangeError) {
        try checkOpen()
        try await session.topics.declareSlots(slots, ofType: agentType)
    }

    func removeType(_ agentType: String, slots: [AgentID]) async throws(ExchangeError) {
        try checkOpen()
        try await session.topics.removeType(agentType, slots: slots)
    }

    func settle(_ delivery: EventDelivery) {
        attachment.contents.settle(delivery)
    }

    func park(_ delivery: EventDelivery, reason: String) async throws(ExchangeError) {
        try checkOpen()
        try await attachment.contents.park(delivery, reason.cut(toBytes: 1000))
    }
}
