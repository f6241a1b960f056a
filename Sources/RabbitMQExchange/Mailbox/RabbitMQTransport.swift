internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// The transport of one mailbox on the broker.
///
/// A delivered request stays unacknowledged until the response to it was confirmed: when this process dies, the broker
/// hands it to the next one.
final class RabbitMQTransport: ExchangeTransport {
    let mailboxID: EntityID
    let session: Session
    let inbox = Inbox()
    let held = Mutex(HeldRequests<Delivery>())
    private let lease: Lease
    private let exchange: RabbitMQExchange
    private let state = Mutex(State())

    private struct State {
        var consumer: Consumer?
        /// Waits for the first delivery, which proves that this is the consumer that the broker serves.
        var proof: Signal<ControlMessage.Kind>?
        /// Waits until no answer is on its way.
        var settled: Signal<Void>?
        var isClosed = false
        var isTerminated = false
    }

    var maximumMessageSize: Int { exchange.configuration.maximumMessageSize }

    init(mailboxID: EntityID, lease: Lease, exchange: RabbitMQExchange) {
        self.mailboxID = mailboxID
        self.lease = lease
        self.exchange = exchange
        session = lease.session
    }

    var link: BrokerLink { session.link }

    /// Whether the mailbox was terminated while this transport was attached.
    var isTerminated: Bool { state.withLock { $0.isTerminated } }

    /// The mailbox is consumed from now on; the first delivery goes to `proof` too.
    func begin(_ consumer: Consumer, proof: Signal<ControlMessage.Kind>?) {
        state.withLock { state in
            state.consumer = consumer
            state.proof = proof
        }
    }

    /// Something was delivered: this is the active consumer.
    func prove() {
        let proof = state.withLock { state in
            let proof = state.proof
            state.proof = nil
            return proof
        }
        proof?.send(.probe)
    }

    /// Waits until no answer is on its way, 5 s at most.
    func settle() async {
        let signal = Signal<Void>()
        state.withLock { $0.settled = signal }
        checkSettled()
        _ = await signal.wait(until: .now + .seconds(5))
    }

    /// An answer came to its end.
    func checkSettled() {
        guard let signal = state.withLock({ $0.settled }), held.withLock({ $0.isSettled }) else { return }
        signal.send(())
    }

    /// Takes the consumer away: whoever gets it cancels it.
    func takeConsumer() -> Consumer? {
        state.withLock { state in
            let consumer = state.consumer
            state.consumer = nil
            return consumer
        }
    }

    /// Returns whether this is the first call.
    func markTerminated() -> Bool {
        state.withLock { state in
            let isFirst = !state.isTerminated
            state.isTerminated = true
            return isFirst
        }
    }

    // MARK: ExchangeTransport

    func receive(timeout: Duration?) async throws(ExchangeError) -> Message {
        try await inbox.next(timeout: timeout)
    }

    func registerAgent(_ type: AgentType, name: String?) async throws(ExchangeError) -> AgentRegistration {
        try checkOpen()
        let id = AgentID(name: try Registration.checked(name))
        try await Registration.register(.agent(id), lineage: type.lineage, in: session)
        return AgentRegistration(agentID: id, type: type)
    }

    func discover(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentID] {
        try checkOpen()
        return try await session.directory.agents(typeNamed: typeName, allowSubtypes: allowSubtypes)
    }

    func discover(named name: String) async throws(ExchangeError) -> [AgentID] {
        try checkOpen()
        return try await session.directory.agents(named: name)
    }

    func status(of id: EntityID) async throws(ExchangeError) -> MailboxStatus {
        try await details(of: id).status
    }

    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        try checkOpen()
        return try await session.details(of: id)
    }

    func terminate(_ id: EntityID) async throws(ExchangeError) {
        try checkOpen()
        try await Termination(session: session, id: id).run()
    }

    func factory() -> any ExchangeFactory { exchange }

    func close() async {
        let isFirst = state.withLock { state in
            let isFirst = !state.isClosed
            state.isClosed = true
            return isFirst
        }
        guard isFirst else { return }
        inbox.end(ExchangeError(.closed, "the transport is closed"))
        await detach()
        session.remove(self)
        await lease.end()
    }

    /// - Throws: ``ExchangeError/Code/closed`` after ``close()``.
    func checkOpen() throws(ExchangeError) {
        if state.withLock({ $0.isClosed }) { throw ExchangeError(.closed, "the transport is closed") }
        if let failure = session.failure { throw failure }
    }

    /// The session has failed.
    func fail(_ error: ExchangeError) {
        inbox.end(error)
    }

    /// An answer came through the session queue.
    func put(_ response: Response) {
        inbox.put(.response(response))
    }
}
