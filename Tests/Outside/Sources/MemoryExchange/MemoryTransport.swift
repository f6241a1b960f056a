internal import AgentExchange
internal import Foundation

/// The transport of one mailbox. Everything else that the protocol asks for has a default.
final class MemoryTransport: ExchangeTransport {
    let mailboxID: EntityID
    let requestLimit: Int
    private let exchange: MemoryExchange
    private let number: Int

    private var hub: Hub { exchange.hub }

    init(_ mailboxID: EntityID, _ exchange: MemoryExchange, number: Int, requestLimit: Int) {
        (self.mailboxID, self.exchange) = (mailboxID, exchange)
        (self.number, self.requestLimit) = (number, requestLimit)
    }

    var exchangeKind: String { "memory" }

    var maximumMessageSize: Int { 4 << 20 }

    func send(_ message: Message) async throws(ExchangeError) {
        try message.checkLimits()
        try checkSize(of: message)
        try await hub.send(message, from: mailboxID, by: number)
    }

    func receive(timeout: Duration?) async throws(ExchangeError) -> Message {
        try await hub.receive(by: number, from: mailboxID, timeout: timeout)
    }

    func registerAgent(_ type: AgentType, name: String?) async throws(ExchangeError) -> AgentRegistration {
        try type.check()
        let agent = AgentID(name: try name.map(AgentID.checked(name:)))
        let registration = AgentRegistration(agentID: agent, type: type)
        try await hub.register(registration, by: number)
        return registration
    }

    func discover(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentID] {
        try await hub.discover(by: number) { $0.belongs(to: typeName, allowSubtypes) }
    }

    func discover(named name: String) async throws(ExchangeError) -> [AgentID] {
        try await hub.discover(by: number) { $0.agentID.name == name }
    }

    func broadcast(_ broadcast: Broadcast) async throws(ExchangeError) -> [AgentID] {
        try checkSize(of: .request(broadcast.request(to: AgentID())))
        return try await hub.broadcast(broadcast, by: number)
    }

    func changes(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> AgentChanges {
        let feed = ChangeFeed(typeNamed: typeName, allowSubtypes: allowSubtypes)
        try await hub.watch(feed, by: number)
        return AgentChanges(feed)
    }

    func status(of id: EntityID) async throws(ExchangeError) -> MailboxStatus {
        try await details(of: id).status
    }

    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        try await hub.details(of: id, by: number)
    }

    func terminate(_ id: EntityID) async throws(ExchangeError) {
        try await hub.terminate(id, by: number)
    }

    func factory() -> any ExchangeFactory { exchange }

    func close() async {
        await hub.detach(number, from: mailboxID)
    }

    private func checkSize(of message: Message) throws(ExchangeError) {
        guard message.payloadSize > maximumMessageSize else { return }
        throw ExchangeError(.messageTooLarge, "more than \(maximumMessageSize) bytes", entity: message.destination)
    }
}
