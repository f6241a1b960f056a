import AgentExchange
import InProcessExchange

/// An exchange that has no topics: the in-process one, behind transports that do not conform to `EventTransport`.
struct TopiclessExchange: ExchangeFactory {
    let base: InProcessExchange

    func makeUserTransport(name: String?) async throws(ExchangeError) -> any ExchangeTransport {
        TopiclessTransport(try await base.makeUserTransport(name: name), self)
    }

    func makeAgentTransport(
        _ registration: AgentRegistration,
        mode: AttachMode,
        requestLimit: Int?
    ) async throws(ExchangeError) -> any ExchangeTransport {
        let below = try await base.makeAgentTransport(registration, mode: mode, requestLimit: requestLimit)
        return TopiclessTransport(below, self)
    }
}

private final class TopiclessTransport: ExchangeTransport {
    private let below: any ExchangeTransport
    private let exchange: TopiclessExchange

    init(_ below: any ExchangeTransport, _ exchange: TopiclessExchange) {
        (self.below, self.exchange) = (below, exchange)
    }

    var mailboxID: EntityID { below.mailboxID }
    var maximumMessageSize: Int { below.maximumMessageSize }

    func send(_ message: Message) async throws(ExchangeError) { try await below.send(message) }

    func receive(timeout: Duration?) async throws(ExchangeError) -> Message {
        try await below.receive(timeout: timeout)
    }

    func registerAgent(_ type: AgentType, name: String?) async throws(ExchangeError) -> AgentRegistration {
        try await below.registerAgent(type, name: name)
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
    func terminate(_ id: EntityID) async throws(ExchangeError) { try await below.terminate(id) }
    func factory() -> any ExchangeFactory { exchange }
    func close() async { await below.close() }
}
