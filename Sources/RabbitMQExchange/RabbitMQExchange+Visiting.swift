public import AgentExchange

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
            return try await MailboxAttachment.visit(id, session: lease.session)
        }
        return UserExchangeClient(visiting: transport, configuration: configuration)
    }
}
