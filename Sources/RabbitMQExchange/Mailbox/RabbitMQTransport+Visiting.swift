internal import AMQP
public import AgentExchange

extension RabbitMQTransport {
    /// A transport of a user that is not registered. It can call agents; nobody discovers it, nothing is left of it.
    static func visit(
        _ id: EntityID,
        lease: Lease,
        factory: RabbitMQExchange
    ) async throws(ExchangeError) -> RabbitMQTransport {
        let transport = RabbitMQTransport(
            mailboxID: id,
            mode: .exclusive,
            requestLimit: nil,
            lease: lease,
            exchange: factory,
            isVisitor: true
        )
        try lease.session.add(transport, mode: .exclusive)
        do {
            try await transport.bindVisitor()
            transport.prove()
            return transport
        } catch {
            await transport.detach()
            lease.session.remove(transport)
            throw error
        }
    }

    /// Leads what is sent to the user to the queue of this session: answers to notices have no other way.
    func bindVisitor() async throws(ExchangeError) {
        let deadline = link.deadline
        let ways = visitorWays
        try await link.declare("can't receive answers", entity: mailboxID) { (channel) throws(AMQPError) in
            for way in ways {
                try await channel.bindQueue(way.queue, to: way.exchange, routingKey: way.key, deadline: deadline)
            }
        }
    }

    /// What leads to a visitor: its key leads to the queue of the session.
    private var visitorWays: [Topology.Binding] {
        let (queue, key, names) = (link.answers.name, session.names.mailboxKey(of: mailboxID), session.names)
        var ways = [names.binding(of: queue, to: key)]
        // Older sessions publish every answer to one exchange.
        if mailboxID.wall != nil, link.servesOlder {
            ways.append(Topology.Binding(queue: queue, exchange: names.mailboxes, key: key))
        }
        return ways
    }

    /// The session may live longer than its visitor.
    func unbindVisitor() async {
        guard link.isConnected else { return }
        let deadline = link.deadline
        let ways = visitorWays
        _ = try? await link.declare("can't unbind a user") { (channel) throws(AMQPError) in
            for way in ways {
                try await channel.unbindQueue(way.queue, from: way.exchange, routingKey: way.key, deadline: deadline)
            }
        }
    }
}

extension RabbitMQExchange {
    /// Makes a client of a user that is not registered: it calls agents, cannot be found, and leaves nothing on the broker.
    /// For probes and health checks.
    ///
    /// An answer that comes when the process has lost its connection for longer than
    /// ``RabbitMQConfiguration/sessionExpiry`` is lost, because there is no mailbox that keeps it. Agents with
    /// ``RabbitMQConfiguration/requiresUserID`` refuse requests of users that are not registered, except those of their own
    /// broker user; where this factory has that setting, the user is registered as any other.
    ///
    /// - Throws: `ExchangeError` with `connectionLost`, `unauthorised`, `forbidden` or `invalidMessage` (a name that is
    ///   too long).
    public func makeVisitorClient(
        name: String? = nil,
        configuration: ClientConfiguration = ClientConfiguration()
    ) async throws(ExchangeError) -> UserExchangeClient {
        if self.configuration.requiresUserID {
            return try await makeUserClient(name: name, configuration: configuration)
        }
        let transport = try await withLease { (lease) throws(ExchangeError) in
            let uuid = lease.session.link.wall?.uuid() ?? .random()
            let id = EntityID.user(UserID(uuid: uuid, name: try name.map(AgentID.checked(name:))))
            return try await RabbitMQTransport.visit(id, lease: lease, factory: self)
        }
        return UserExchangeClient(visiting: transport, configuration: configuration)
    }
}
