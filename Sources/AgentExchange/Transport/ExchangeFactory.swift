/// Makes transports and clients of one exchange.
///
/// A factory is small and `Codable`: encode it, hand it to another process, and what is decoded there joins the same
/// exchange. A password is never part of what is encoded.
public protocol ExchangeFactory: Codable, Sendable {
    /// Makes a user with a mailbox of its own, and a transport bound to it.
    func makeUserTransport(name: String?) async throws(ExchangeError) -> any ExchangeTransport

    /// Opens the mailbox of a registered agent.
    ///
    /// - Throws: ``ExchangeError/Code/badEntityID`` when the agent is not registered or was terminated,
    ///   ``ExchangeError/Code/mailboxInUse`` when another transport receives from it.
    func makeAgentTransport(_ registration: AgentRegistration) async throws(ExchangeError) -> any ExchangeTransport
}
