internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// The transport of one mailbox on the broker.
///
/// A delivered request stays unacknowledged until its response was confirmed. If this process dies, the broker delivers
/// it to the next one.
final class RabbitMQTransport: ExchangeTransport {
    let mailboxID: EntityID
    let session: Session
    /// The number of requests that the broker hands out before one of them is answered.
    let prefetch: Int
    let inbox = Inbox()
    let held: Mutex<HeldRequests<Delivery>>
    /// Letting go of the mailbox after its termination.
    let lettingGo = Underway()
    /// Giving back received requests because the transport closes.
    let detaching = Underway()
    /// The attempts, if the broker does not count them.
    let notes: AttemptNotes?
    /// Whether it stands by for another consumer of the mailbox.
    let mode: AttachMode
    /// Whether the entity is unregistered: it has no mailbox, and the queue of the session receives its messages.
    let isVisitor: Bool
    private let lease: Lease
    private let exchange: RabbitMQExchange
    private let state = Mutex(State())

    private struct State {
        var receiver: Receiver?
        /// Whether receiving has ended, so that no consumer is started again.
        var isDetached = false
        /// Waits for the first delivery, which proves that the broker serves this consumer.
        var proof: Signal<ControlMessage.Kind>?
        /// Signals that wait until no answer is in progress.
        var settled: [Signal<Void>] = []
        /// The number of deliveries being answered or parked without having been handed out.
        var refusals = 0
        /// Recent responses by source and tag, because agents that answer a broadcast share its tag. Delivery is at
        /// least once; a second copy is dropped.
        var responses = RecentRequests(capacity: 8192)
        /// The feeds of the directory until this transport closes.
        var feeds: [ChangeFeed] = []
        /// Whether there was a delivery: the broker serves this consumer, rather than one ahead of it on standby.
        var isActive = false
        var isClosed = false
        var isTerminated = false
    }

    var exchangeKind: String { "rabbitmq" }

    var maximumMessageSize: Int { min(exchange.configuration.maximumMessageSize, link.largestBody ?? .max) }

    init(
        mailboxID: EntityID,
        mode: AttachMode,
        requestLimit: Int?,
        lease: Lease,
        exchange: RabbitMQExchange,
        isVisitor: Bool = false
    ) {
        self.mailboxID = mailboxID
        self.mode = mode
        self.isVisitor = isVisitor
        prefetch = max(1, min(requestLimit ?? .max, exchange.configuration.prefetch))
        self.lease = lease
        self.exchange = exchange
        session = lease.session
        let configuration = exchange.configuration
        held = Mutex(HeldRequests(capacity: prefetch))
        let isCounted = mailboxID.role == .agent && configuration.mailboxKind == .replicated
        notes = isCounted ? nil : AttemptNotes(link: lease.session.link, mailbox: mailboxID)
    }

    var link: BrokerLink { session.link }

    /// Whether the broker serves this consumer. A standby holds nothing.
    var isActive: Bool { state.withLock { $0.isActive } }

    /// Whether the mailbox was terminated while this transport was attached.
    var isTerminated: Bool { state.withLock { $0.isTerminated } }

    /// Whether the transport can still receive: it has not let go of the mailbox.
    var isAttached: Bool { state.withLock { !$0.isDetached } }

    /// Starts receiving from a consumer. The first delivery also resolves `proof`.
    ///
    /// - Returns: `false` when the transport has let go of the mailbox meanwhile.
    func begin(_ receiver: Receiver, proof: Signal<ControlMessage.Kind>?) -> Bool {
        let (isWanted, before): (Bool, Signal<ControlMessage.Kind>?) = state.withLock { state in
            guard !state.isDetached else { return (false, nil) }
            let before = state.proof
            state.receiver = receiver
            state.proof = proof
            // Another consumer may be served by now.
            if mode == .standby { state.isActive = false }
            return (true, before)
        }
        before?.send(.stoodBy)
        return isWanted
    }

    /// Records a delivery: this is the active consumer.
    func prove() {
        let proof = state.withLock { state in
            let proof = state.proof
            state.proof = nil
            state.isActive = true
            return proof
        }
        proof?.send(.probe)
    }

    /// Waits until no answer is in progress, at most 5 s or the limit of an operation.
    func settle() async {
        let signal = Signal<Void>()
        state.withLock { $0.settled.append(signal) }
        checkSettled()
        _ = await signal.wait(until: .now + link.patience)
    }

    /// Resumes the waiting tasks if no answer is in progress.
    func checkSettled() {
        guard state.withLock({ $0.refusals == 0 && !$0.settled.isEmpty }), held.withLock({ $0.isSettled }) else {
            return
        }
        let signals = state.withLock { state in
            defer { state.settled = [] }
            return state.settled
        }
        for signal in signals { signal.send(()) }
    }

    /// Answers or parks a delivery in the background. ``settle()`` waits for it.
    func refuse(_ body: @escaping @Sendable (Session) async -> Void) {
        state.withLock { $0.refusals += 1 }
        session.background.start { [self] in
            await body(session)
            state.withLock { $0.refusals -= 1 }
            checkSettled()
        }
    }

    /// Removes and returns the consumer, for the caller to cancel. None is started again.
    func takeReceiver() -> Receiver? {
        state.withLock { state in
            state.isDetached = true
            defer { state.receiver = nil }
            return state.receiver
        }
    }

    /// Records the termination. Returns `true` for the first call, which then lets go of the mailbox.
    func markTerminated() -> Bool {
        state.withLock { state in
            guard !state.isTerminated else { return false }
            state.isTerminated = true
            lettingGo.begin()
            return true
        }
    }

    // MARK: ExchangeTransport

    func receive(timeout: Duration?) async throws(ExchangeError) -> Message {
        let end = timeout.map { ContinuousClock.Instant.after($0) }
        while true {
            let message = try await inbox.next(timeout: end.map { ContinuousClock.now.duration(to: $0) })
            if !isExpired(message) { return message }
        }
    }

    func push(to take: @escaping @Sendable (Message) -> Void) async -> ExchangeError {
        await inbox.push { [self] message in
            if !isExpired(message) { take(message) }
        }
    }

    private func isExpired(_ message: Message) -> Bool {
        guard case .request(let request) = message, let deadline = request.deadline, deadline <= .now else {
            return false
        }
        session.background.start { await self.expire(request) }
        return true
    }

    /// Answers a request whose deadline passed before it was received.
    private func expire(_ request: Request) async {
        let text = "the deadline passed before the request was received"
        do throws(ExchangeError) {
            try await send(.response(request.error(.deadlineExceeded, text)))
        } catch {
            link.logger.debug("a request that expired was not answered", metadata: .init(.request(request)))
            giveBack(request)
        }
    }

    func registerAgent(_ type: AgentType, name: String?) async throws(ExchangeError) -> AgentRegistration {
        try checkOpen()
        try type.check()
        let id = AgentID(name: try name.map(AgentID.checked(name:)))
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

    func broadcast(_ broadcast: Broadcast) async throws(ExchangeError) -> [AgentID] {
        try checkOpen()
        return try await send(broadcast)
    }

    func changes(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> AgentChanges {
        try checkOpen()
        let feed = ChangeFeed(typeNamed: typeName, allowSubtypes: allowSubtypes)
        try await session.directory.watch(feed, typeNamed: typeName, allowSubtypes: allowSubtypes)
        let isClosed = state.withLock { state in
            state.feeds.removeAll { $0.isEnded }
            if !state.isClosed { state.feeds.append(feed) }
            return state.isClosed
        }
        if isClosed { feed.end(nil) }
        try checkOpen()
        return AgentChanges(feed)
    }

    func status(of id: EntityID) async throws(ExchangeError) -> MailboxStatus {
        try await details(of: id).status
    }

    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        try checkOpen()
        return try await session.details(of: id)
    }

    func recentDetails(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        try checkOpen()
        return try await session.recentDetails(of: id)
    }

    func terminate(_ id: EntityID) async throws(ExchangeError) {
        try checkOpen()
        if isVisitor, id == mailboxID { return }
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
        let unread = inbox.end(ExchangeError(.closed, "the transport is closed"))
        for feed in state.withLock({ $0.feeds }) { feed.end(nil) }
        await detach()
        session.remove(self)
        if isVisitor { await unbindVisitor() } else { for response in unread { await giveBack(response) } }
        await lease.end()
    }

    /// Sends an unreceived response to the mailbox, for its next receiver.
    private func giveBack(_ response: Response) async {
        do throws(ExchangeError) {
            _ = try await session.publish(response, replyTo: nil)
        } catch {
            link.logger.warning(
                "a response that was not received could not be given back",
                metadata: .init(.response(response)).merging([LogKey.error.rawValue: "\(error)"]) { $1 }
            )
        }
    }

    /// - Throws: ``ExchangeError/Code/closed`` after ``close()``.
    func checkOpen() throws(ExchangeError) {
        if state.withLock({ $0.isClosed }) { throw ExchangeError(.closed, "the transport is closed") }
    }

    /// Adds a response from the session queue or the mailbox. Of several with the same tag the first counts.
    func put(_ response: Response) {
        let isNew = state.withLock { state in
            guard response.isTerminal else { return true }
            return state.responses.insert(RequestKey(source: response.source, tag: response.tag))
        }
        if isNew {
            inbox.put(.response(response))
        } else {
            link.logger.debug("a second copy of a response was dropped", metadata: .init(.response(response)))
        }
    }
}
