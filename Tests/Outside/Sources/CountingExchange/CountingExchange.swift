public import AgentExchange

/// Counts the messages of any exchange, and delays those that are sent.
public struct CountingExchange<Base: ExchangeFactory>: ExchangeFactory {
    private enum CodingKeys: String, CodingKey { case base, delay }

    /// The exchange below.
    public let base: Base

    /// How long each message waits before it is sent.
    public let delay: Duration

    /// Counts the messages. What is decoded counts for itself.
    public let counter: Counter

    /// Wraps an exchange.
    public init(_ base: Base, delay: Duration = .zero, counter: Counter = Counter()) {
        (self.base, self.delay, self.counter) = (base, delay, counter)
    }

    /// Joins the exchange that was encoded, with the same delay.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        base = try fields.decode(Base.self, forKey: .base)
        delay = try fields.decode(Duration.self, forKey: .delay)
        counter = Counter()
    }

    /// Makes a user of the exchange below.
    public func makeUserTransport(name: String?) async throws(ExchangeError) -> any ExchangeTransport {
        CountingTransport(try await base.makeUserTransport(name: name), self)
    }

    /// Opens the mailbox of an agent of the exchange below.
    public func makeAgentTransport(
        _ registration: AgentRegistration,
        mode: AttachMode,
        requestLimit: Int?
    ) async throws(ExchangeError) -> any ExchangeTransport {
        CountingTransport(try await base.makeAgentTransport(registration, mode: mode, requestLimit: requestLimit), self)
    }
}
