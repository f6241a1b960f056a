internal import AMQP
internal import AgentExchange

/// The bindings of an unregistered user. They lead to the queue of the session, because the user has no mailbox.
struct VisitorRoutes {
    private let id: EntityID
    private let link: BrokerLink

    init(of id: EntityID, on link: BrokerLink) {
        self.id = id
        self.link = link
    }

    /// Binds the user's messages to the queue of this session: answers to notices have no other route.
    func bind() async throws(ExchangeError) {
        let deadline = link.deadline
        let ways = all
        try await link.declare("can't receive answers", entity: id) { (channel) throws(AMQPError) in
            for way in ways {
                try await channel.bind(.queue(way.queue), to: way.exchange, routingKey: way.key, deadline: deadline)
            }
        }
    }

    /// The bindings of a visitor: its key leads to the queue of the session.
    private var all: [Topology.Binding] {
        let (queue, key, names) = (link.answers.name, link.names.mailboxKey(of: id), link.names)
        var ways = [Topology.Binding(of: queue, to: key, in: names)]
        // Older sessions publish every answer to one exchange.
        if id.wall != nil, link.servesOlder {
            ways.append(Topology.Binding(queue: queue, exchange: names.mailboxes, key: key))
        }
        return ways
    }

    /// Removes the bindings, because the session may outlive its visitor.
    func unbind() async {
        guard link.isConnected else { return }
        let deadline = link.deadline
        let ways = all
        _ = try? await link.declare("can't unbind a user") { (channel) throws(AMQPError) in
            for way in ways {
                try await channel.unbind(.queue(way.queue), from: way.exchange, routingKey: way.key, deadline: deadline)
            }
        }
    }
}
