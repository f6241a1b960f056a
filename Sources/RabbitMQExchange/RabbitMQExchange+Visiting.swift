public import AgentExchange

extension RabbitMQExchange {
    /// Makes a client of an unregistered user. It calls agents, is not discoverable, and leaves nothing on the broker.
    /// For probes and health checks.
    ///
    /// It has no mailbox. An answer is lost if the process has been disconnected for longer than
    /// ``RabbitMQConfiguration/sessionExpiry``. Agents with ``RabbitMQConfiguration/requiresUserID`` serve it like a
    /// registered user: its UUID shows its broker user.
    ///
    /// - Throws: `ExchangeError` with `connectionLost`, `unauthorized`, `forbidden` or `invalidMessage` (the name is
    ///   too long).
    public func makeVisitorClient(
        name: String? = nil,
        configuration: ClientConfiguration = ClientConfiguration()
    ) async throws(ExchangeError) -> UserExchangeClient {
        let transport = try await withLease { (lease) throws(ExchangeError) in
            let name = try name.map(AgentID.checked(name:))
            let id = EntityID.user(UserID(uuid: lease.session.link.newUUID(), name: name))
            return try await MailboxAttachment.visit(id, session: lease.session)
        }
        return UserExchangeClient(visiting: transport, configuration: configuration)
    }
}
