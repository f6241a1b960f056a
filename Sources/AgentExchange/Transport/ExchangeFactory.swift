/// Makes transports and clients of one exchange.
///
/// A factory is small and `Codable`. Encode it and pass it to another process: the decoded factory joins the same
/// exchange. The encoding never contains a password.
public protocol ExchangeFactory: Codable, Sendable {
    /// Makes a user with a mailbox of its own, and a transport bound to it.
    func makeUserTransport(name: String?) async throws(ExchangeError) -> any ExchangeTransport

    /// Opens the mailbox of a registered agent.
    ///
    /// A transport of a ``MailboxSharing/group`` is one more member of it, in either mode.
    ///
    /// - Parameters:
    ///   - registration: The agent.
    ///   - mode: The behavior when another transport receives from the mailbox.
    ///   - requestLimit: The number of requests handed out before one of them is answered, at least 1; further requests
    ///     stay in the mailbox. It never exceeds the exchange's own limit, which `nil` selects. Responses and notices
    ///     do not count.
    /// - Throws: ``ExchangeError/Code/badEntityID`` when the agent is not registered or was terminated,
    ///   ``ExchangeError/Code/mailboxInUse`` when another transport receives from it and the mode is
    ///   ``AttachMode/exclusive``.
    func makeAgentTransport(
        _ registration: AgentRegistration,
        mode: AttachMode,
        requestLimit: Int?
    ) async throws(ExchangeError) -> any ExchangeTransport

    /// Returns the registration of the agent with a display name. Takes over an existing registration, or registers an
    /// agent if there is none. See ``ExchangeTransport/registration(named:type:)``.
    func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration

    /// Returns the registration of the agent with a display name, whose mailbox has one receiver or many. See
    /// ``ExchangeTransport/registration(named:type:sharing:)``.
    func registration(
        named name: String,
        type: AgentType,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration
}

extension ExchangeFactory {
    /// Looks as a temporary user, whose client is closed afterwards.
    public func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration {
        try await registration(named: name, type: type, sharing: .exclusive)
    }

    /// Looks as a temporary user, whose client is closed afterwards.
    public func registration(
        named name: String,
        type: AgentType,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration {
        let user = try await makeUserClient(startListener: false)
        do {
            let registration = try await user.registration(named: name, type: type, sharing: sharing)
            await user.close()
            return registration
        } catch {
            await Task { await user.close() }.value
            throw error
        }
    }

    /// Opens the mailbox of a registered agent with the exchange's own request limit, exclusively by default.
    public func makeAgentTransport(
        _ registration: AgentRegistration,
        mode: AttachMode = .exclusive
    ) async throws(ExchangeError) -> any ExchangeTransport {
        try await makeAgentTransport(registration, mode: mode, requestLimit: nil)
    }
}

/// The behavior of an attach when another transport receives from the mailbox.
public enum AttachMode: String, Sendable, Hashable, Codable {
    /// The attach fails with ``ExchangeError/Code/mailboxInUse``.
    case exclusive
    /// The attach waits as a hot standby. When the other receiver closes or dies, this one takes over, and receives the
    /// other's unanswered requests first.
    case standby
}
