internal import AgentExchange
internal import Foundation

/// Passes everything on to the transport below, also what has a default: a default would be slower, or say less.
final class CountingTransport<Base: ExchangeFactory>: ExchangeTransport {
    private let below: any ExchangeTransport
    private let exchange: CountingExchange<Base>

    init(_ below: any ExchangeTransport, _ exchange: CountingExchange<Base>) {
        (self.below, self.exchange) = (below, exchange)
    }

    // MARK: What is counted

    func send(_ message: Message) async throws(ExchangeError) {
        exchange.counter.countSent()
        if exchange.delay > .zero {
            do { try await Task.sleep(for: exchange.delay) } catch {
                throw ExchangeError(.cancelled, "the sending task was cancelled", delivery: .notSent)
            }
        }
        try await below.send(message)
    }

    /// What is delayed waits: then requests are sent, and not posted.
    var sendsAtOnce: Bool { exchange.delay > .zero || below.sendsAtOnce }

    func post(
        _ message: Message,
        _ ended: @escaping @Sendable (Result<Void, ExchangeError>) -> Void
    ) -> any PostedMessage {
        if exchange.delay > .zero { return Delayed(task: Task { ended(await outcome(ofSending: message)) }) }
        exchange.counter.countSent()
        return below.post(message, ended)
    }

    func receive(timeout: Duration?) async throws(ExchangeError) -> Message {
        let message = try await below.receive(timeout: timeout)
        exchange.counter.countReceived()
        return message
    }

    func push(to take: @escaping @Sendable (Message) -> Void) async -> ExchangeError {
        await below.push { [counter = exchange.counter] message in
            counter.countReceived()
            take(message)
        }
    }

    func factory() -> any ExchangeFactory { exchange }

    // MARK: What is passed on

    var mailboxID: EntityID { below.mailboxID }

    var exchangeKind: String { below.exchangeKind }

    var maximumMessageSize: Int { below.maximumMessageSize }

    var requestLimit: Int { below.requestLimit }

    var delaysRequests: Bool { below.delaysRequests }

    func delay(_ request: Request, until time: Date) async throws(ExchangeError) {
        try await below.delay(request, until: time)
    }

    var repeatsRequests: Bool { below.repeatsRequests }

    func beginSeries(_ request: Request) async throws(ExchangeError) {
        try await below.beginSeries(request)
    }

    func endSeries(_ id: UUID) async throws(ExchangeError) {
        try await below.endSeries(id)
    }

    func keepFailed(_ request: Request, _ failure: Failure, for time: Duration) async throws(ExchangeError) {
        try await below.keepFailed(request, failure, for: time)
    }

    /// Events are not counted.
    var eventTransport: (any EventTransport)? { below.eventTransport }

    func unawaited(_ requests: [Request]) async -> [Request] { await below.unawaited(requests) }

    func giveBack(_ request: Request) { below.giveBack(request) }

    func registerAgent(_ type: AgentType, name: String?) async throws(ExchangeError) -> AgentRegistration {
        try await below.registerAgent(type, name: name)
    }

    func registerAgents(_ agents: [AgentToRegister]) async throws(ExchangeError) -> [AgentRegistration] {
        try await below.registerAgents(agents)
    }

    func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration {
        try await below.registration(named: name, type: type)
    }

    func registerAgent(
        _ type: AgentType,
        name: String?,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration {
        try await below.registerAgent(type, name: name, sharing: sharing)
    }

    func registration(
        named name: String,
        type: AgentType,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration {
        try await below.registration(named: name, type: type, sharing: sharing)
    }

    func discover(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentID] {
        try await below.discover(typeNamed: typeName, allowSubtypes: allowSubtypes)
    }

    func discover(named name: String) async throws(ExchangeError) -> [AgentID] {
        try await below.discover(named: name)
    }

    func broadcast(_ broadcast: Broadcast) async throws(ExchangeError) -> [AgentID] {
        try await below.broadcast(broadcast)
    }

    func changes(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> AgentChanges {
        try await below.changes(typeNamed: typeName, allowSubtypes: allowSubtypes)
    }

    func status(of id: EntityID) async throws(ExchangeError) -> MailboxStatus { try await below.status(of: id) }

    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails { try await below.details(of: id) }

    func recentDetails(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        try await below.recentDetails(of: id)
    }

    func terminate(_ id: EntityID) async throws(ExchangeError) { try await below.terminate(id) }

    func close() async { await below.close() }
}

/// A message that waits in a task before it is sent.
private struct Delayed: PostedMessage {
    let task: Task<Void, Never>

    func cancel() { task.cancel() }
}
