public import Foundation

/// The requirements that an exchange implements only to be faster, or to say more.
extension ExchangeTransport {
    /// `other`.
    public var exchangeKind: String { "other" }

    /// `true`.
    public var sendsAtOnce: Bool { true }

    /// `false`.
    public var delaysRequests: Bool { false }

    /// Throws ``ExchangeError/Code/unsupported``.
    public func delay(_ request: Request, until time: Date) async throws(ExchangeError) {
        throw ExchangeError(.unsupported, "the exchange delays no requests", entity: mailboxID)
    }

    /// `false`.
    public var repeatsRequests: Bool { false }

    /// Throws ``ExchangeError/Code/unsupported``.
    public func beginSeries(_ request: Request) async throws(ExchangeError) {
        throw ExchangeError(.unsupported, "the exchange repeats no requests", entity: mailboxID)
    }

    /// Throws ``ExchangeError/Code/unsupported``.
    public func endSeries(_ id: UUID) async throws(ExchangeError) {
        throw ExchangeError(.unsupported, "the exchange repeats no requests", entity: mailboxID)
    }

    /// Throws ``ExchangeError/Code/unsupported``.
    public func keepFailed(_ request: Request, _ failure: Failure, for time: Duration) async throws(ExchangeError) {
        throw ExchangeError(.unsupported, "the exchange keeps no failed requests", entity: mailboxID)
    }

    /// No limit.
    public var requestLimit: Int { .max }

    /// Starts a task that calls ``send(_:)``.
    public func post(
        _ message: Message,
        _ ended: @escaping @Sendable (Result<Void, ExchangeError>) -> Void
    ) -> any PostedMessage {
        SendingTask(task: Task { ended(await outcome(ofSending: message)) })
    }

    /// Calls ``receive(timeout:)`` in a loop.
    public func push(to take: @escaping @Sendable (Message) -> Void) async -> ExchangeError {
        do throws(ExchangeError) {
            while true { take(try await receive(timeout: nil)) }
        } catch {
            return error
        }
    }

    /// Calls ``details(of:)`` for the source of each request. A requester that can't be looked up counts as there.
    public func unawaited(_ requests: [Request]) async -> [Request] {
        var unawaited: [Request] = []
        for request in requests {
            guard let details = try? await details(of: request.source) else { continue }
            if details.status != .active || details.attachedConsumers == 0 { unawaited.append(request) }
        }
        return unawaited
    }

    /// This transport, if its type has topics.
    public var eventTransport: (any EventTransport)? { self as? any EventTransport }

    /// Registers exclusive agents with ``registerAgent(_:name:)``.
    public func registerAgent(
        _ type: AgentType,
        name: String?,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration {
        try sharing.checkExclusive()
        return try await registerAgent(type, name: name)
    }

    /// Finds or registers exclusive agents with ``registration(named:type:)``.
    public func registration(
        named name: String,
        type: AgentType,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration {
        try sharing.checkExclusive()
        return try await registration(named: name, type: type)
    }

    /// Does nothing.
    public func giveBack(_ request: Request) {}

    /// ``details(of:)``.
    public func recentDetails(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        try await details(of: id)
    }
}

extension MailboxSharing {
    /// - Throws: ``ExchangeError/Code/unsupported`` for a group.
    func checkExclusive() throws(ExchangeError) {
        if self != .exclusive { throw ExchangeError(.unsupported, "the exchange has no work groups") }
    }
}

/// A message that a task sends.
private struct SendingTask: PostedMessage {
    let task: Task<Void, Never>

    func cancel() { task.cancel() }
}
