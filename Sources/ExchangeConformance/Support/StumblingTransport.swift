import AgentExchange
import Synchronization

/// A transport whose registrations fail after some have succeeded. It forwards everything else.
///
/// It has no batch registration of its own, so it shows the default one of every transport.
final class StumblingTransport: ExchangeTransport {
    private let below: any ExchangeTransport
    private let left: Mutex<Int>
    let registered = Collected<AgentID>()

    init(_ below: any ExchangeTransport, failingAfter count: Int) {
        self.below = below
        left = Mutex(count)
    }

    var mailboxID: EntityID { below.mailboxID }

    var maximumMessageSize: Int { below.maximumMessageSize }

    func registerAgent(_ type: AgentType, name: String?) async throws(ExchangeError) -> AgentRegistration {
        let mayGoOn = left.withLock { left in
            left -= 1
            return left >= 0
        }
        guard mayGoOn else { throw ExchangeError(.unavailable, "this registration is made to fail") }
        let registration = try await below.registerAgent(type, name: name)
        registered.add(registration.agentID)
        return registration
    }

    func send(_ message: Message) async throws(ExchangeError) {
        try await below.send(message)
    }

    func receive(timeout: Duration?) async throws(ExchangeError) -> Message {
        try await below.receive(timeout: timeout)
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

    func status(of id: EntityID) async throws(ExchangeError) -> MailboxStatus {
        try await below.status(of: id)
    }

    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        try await below.details(of: id)
    }

    func terminate(_ id: EntityID) async throws(ExchangeError) {
        try await below.terminate(id)
    }

    func factory() -> any ExchangeFactory {
        below.factory()
    }

    func close() async {
        await below.close()
    }
}
