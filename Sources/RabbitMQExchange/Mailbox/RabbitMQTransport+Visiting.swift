internal import AMQP
public import AgentExchange

extension RabbitMQTransport {
    /// Makes the transport of an unregistered user. It can call agents, is not discoverable, and leaves nothing behind.
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

    /// Binds the user's messages to the queue of this session: answers to notices have no other route.
    func bindVisitor() async throws(ExchangeError) {
        let deadline = link.deadline
        let ways = visitorWays
        try await link.declare("can't receive answers", entity: mailboxID) { (channel) throws(AMQPError) in
            for way in ways {
                try await channel.bindQueue(way.queue, to: way.exchange, routingKey: way.key, deadline: deadline)
            }
        }
    }

    /// The bindings of a visitor: its key leads to the queue of the session.
    private var visitorWays: [Topology.Binding] {
        let (queue, key, names) = (link.answers.name, session.names.mailboxKey(of: mailboxID), session.names)
        var ways = [names.binding(of: queue, to: key)]
        // Older sessions publish every answer to one exchange.
        if mailboxID.wall != nil, link.servesOlder {
            ways.append(Topology.Binding(queue: queue, exchange: names.mailboxes, key: key))
        }
        return ways
    }

    /// Removes the bindings, because the session may outlive its visitor.
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
    /// Makes a client of an unregistered user. It calls agents, is not discoverable, and leaves nothing on the broker.
    /// For probes and health checks.
    ///
    /// It has no mailbox. An answer is lost if the process has been disconnected for longer than
    /// ``RabbitMQConfiguration/sessionExpiry``. Agents with ``RabbitMQConfiguration/requiresUserID`` refuse requests of
    /// unregistered users, except those of their own broker user. If this factory has that setting, the user is
    /// registered like any other.
    ///
    /// - Throws: `ExchangeError` with `connectionLost`, `unauthorized`, `forbidden` or `invalidMessage` (the name is
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
