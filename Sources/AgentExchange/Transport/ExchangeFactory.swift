/// Makes transports and clients of one exchange.
///
/// A factory is small and `Codable`: encode it, hand it to another process, and what is decoded there joins the same
/// exchange. A password is never part of what is encoded.
public protocol ExchangeFactory: Codable, Sendable {
    /// Makes a user with a mailbox of its own, and a transport bound to it.
    func makeUserTransport(name: String?) async throws(ExchangeError) -> any ExchangeTransport

    /// Opens the mailbox of a registered agent.
    ///
    /// - Parameters:
    ///   - registration: The agent.
    ///   - mode: What to do when another transport receives from the mailbox.
    ///   - requestLimit: How many requests are handed out before one of them is answered, at least 1; what is more stays in
    ///     the mailbox. Never more than the exchange's own limit, which `nil` takes. Responses and notices do not count.
    /// - Throws: ``ExchangeError/Code/badEntityID`` when the agent is not registered or was terminated,
    ///   ``ExchangeError/Code/mailboxInUse`` when another transport receives from it and the mode is
    ///   ``AttachMode/exclusive``.
    func makeAgentTransport(
        _ registration: AgentRegistration,
        mode: AttachMode,
        requestLimit: Int?
    ) async throws(ExchangeError) -> any ExchangeTransport

    /// The registration of the agent with a display name: takes over the one that is registered, and registers one when there
    /// is none. See ``ExchangeTransport/registration(named:type:)``.
    func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration
}

extension ExchangeFactory {
    /// Asks in the name of a user, who goes again.
    public func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration {
        let user = try await makeUserClient(startListener: false)
        do {
            let registration = try await user.registration(named: name, type: type)
            await user.close()
            return registration
        } catch {
            await Task { await user.close() }.value
            throw error
        }
    }

    /// Opens the mailbox of a registered agent, with the exchange's own limit of requests, and by default one that nobody
    /// else receives from.
    public func makeAgentTransport(
        _ registration: AgentRegistration,
        mode: AttachMode = .exclusive
    ) async throws(ExchangeError) -> any ExchangeTransport {
        try await makeAgentTransport(registration, mode: mode, requestLimit: nil)
    }
}

/// What opening a mailbox does when another transport receives from it.
public enum AttachMode: String, Sendable, Hashable, Codable {
    /// It fails with ``ExchangeError/Code/mailboxInUse``.
    case exclusive
    /// It waits behind the other as a hot standby: when that one closes or dies, this one receives, first of all what the
    /// other had not answered.
    case standby
}
