internal import AgentExchange
internal import Foundation
internal import Synchronization

/// The transport of one mailbox of an in-process exchange. See `ExchangeTransport` for its guarantees.
final class InProcessTransport: ExchangeTransport {
    let exchange: ExchangeCore
    let mailbox: Mailbox
    let receiver: Mailbox.Machine.Receiver
    let requestLimit: Int
    /// The feeds of the directory until this transport closes; `nil` afterwards.
    private let feeds = Mutex<[ChangeFeed]?>([])
    /// Takes the events of the mailbox, when it is a slot.
    let eventTaker = Mutex<(@Sendable (EventDelivery) -> Void)?>(nil)

    /// Wraps a mailbox to which it is attached.
    init(exchange: ExchangeCore, mailbox: Mailbox, receiver: Mailbox.Machine.Receiver, requestLimit: Int? = nil) {
        self.requestLimit = max(1, min(requestLimit ?? .max, exchange.configuration.prefetch))
        self.exchange = exchange
        self.mailbox = mailbox
        self.receiver = receiver
    }

    deinit {
        end()
    }

    var mailboxID: EntityID { mailbox.id }

    var exchangeKind: String { "in-process" }

    var maximumMessageSize: Int { exchange.configuration.maximumMessageSize }

    func send(_ message: Message) async throws(ExchangeError) {
        try put(message)
    }

    var sendsAtOnce: Bool { true }

    func post(_ message: Message, _ ended: @escaping @Sendable (Result<Void, ExchangeError>) -> Void)
        -> any PostedMessage
    {
        do throws(ExchangeError) {
            try put(message)
            ended(.success(()))
        } catch {
            ended(.failure(error))
        }
        return Arrived()
    }

    /// Does nothing: this exchange refuses no answer temporarily, so a request whose answer failed is no longer held.
    func giveBack(_ request: Request) {}

    func unawaited(_ requests: [Request]) async -> [Request] {
        requests.filter {
            guard case .active(let mailbox) = exchange.find($0.source) else { return true }
            return mailbox.details.attachedConsumers == 0
        }
    }

    /// A posted message. It has already arrived.
    private struct Arrived: PostedMessage {
        func cancel() {}
    }

    /// Drops a second answer to a request: the requester has the first.
    private func put(_ message: Message) throws(ExchangeError) {
        try checkIsOpen()
        try message.checkLimits()
        try checkSize(of: message)
        switch message {
        case .request(let request):
            mailbox.asks(request.tag, receiver)
            try exchange.deliver(request)
        case .response(let part) where !part.isTerminal:
            try mailbox.checkHeld(part.tag, of: part.destination, by: receiver)
            try exchange.deliver(part, isAnswer: true)
        case .response(let response):
            switch try mailbox.settle(response.tag, of: response.destination, by: receiver) {
            case .answer: try exchange.deliver(response, isAnswer: true)
            case .foreign: try exchange.deliver(response, isAnswer: false)
            case .repeated: return
            }
        case .notice(let notice):
            exchange.deliver(notice)
        }
    }

    private func checkSize(of message: Message) throws(ExchangeError) {
        let size = message.payloadSize
        guard size <= maximumMessageSize else {
            throw ExchangeError(
                .messageTooLarge,
                "the payloads have \(size) bytes, \(maximumMessageSize) are allowed",
                entity: message.destination
            )
        }
    }

    /// Includes agents with a full mailbox: each is answered with `ExchangeError.Code.mailboxFull`.
    func broadcast(_ broadcast: Broadcast) async throws(ExchangeError) -> [AgentID] {
        try checkIsOpen()
        // A faulty broadcast is refused even if it has no receiver.
        try checkSize(of: .request(broadcast.request(to: AgentID())))
        mailbox.asks(broadcast.tag, receiver)
        return try exchange.deliver(broadcast)
    }

    func changes(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> AgentChanges {
        let feed = ChangeFeed(typeNamed: typeName, allowSubtypes: allowSubtypes)
        let isOpen = feeds.withLock { feeds in
            feeds?.removeAll { $0.isEnded }
            feeds?.append(feed)
            return feeds != nil
        }
        guard isOpen else { throw closed }
        exchange.watch(feed, typeNamed: typeName, allowSubtypes: allowSubtypes)
        return AgentChanges(feed)
    }

    var delaysRequests: Bool { true }

    func delay(_ request: Request, until time: Date) async throws(ExchangeError) {
        try checkIsOpen()
        try mailbox.delay(request, by: receiver, until: time)
    }

    var repeatsRequests: Bool { true }

    func beginSeries(_ request: Request) async throws(ExchangeError) {
        try checkIsOpen()
        try checkSize(of: .request(request))
        try mailbox.beginSeries(request)
    }

    func endSeries(_ id: UUID) async throws(ExchangeError) {
        try checkIsOpen()
        mailbox.endSeries(id)
    }

    func keepFailed(_ request: Request, _ failure: Failure, for time: Duration) async throws(ExchangeError) {
        try checkIsOpen()
        let failed = FailedRequest(request, failure, at: .now)
        exchange.failed.withLock { $0.add(failed, until: .after(time)) }
    }

    func receive(timeout: Duration?) async throws(ExchangeError) -> Message {
        try await mailbox.receive(by: receiver, timeout: timeout)
    }

    func push(to take: @escaping @Sendable (Message) -> Void) async -> ExchangeError {
        await mailbox.push(by: receiver, to: take, events: eventTaker.withLock { $0 })
    }

    func registerAgent(_ type: AgentType, name: String?) async throws(ExchangeError) -> AgentRegistration {
        try await registerAgent(type, name: name, sharing: .exclusive)
    }

    func registerAgent(
        _ type: AgentType,
        name: String?,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration {
        try checkIsOpen()
        try type.check()
        return exchange.register(type, name: try name.map(AgentID.checked(name:)), sharing: sharing)
    }

    func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration {
        try await registration(named: name, type: type, sharing: .exclusive)
    }

    func registration(
        named name: String,
        type: AgentType,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration {
        try checkIsOpen()
        return try await Adoption { (type, name) throws(ExchangeError) in
            try await self.registerAgent(type, name: name, sharing: sharing)
        } named: { (name) throws(ExchangeError) in
            try await self.discover(named: name)
        } ofType: { (name) throws(ExchangeError) in
            try await self.discover(typeNamed: name, allowSubtypes: false)
        } status: { (id) throws(ExchangeError) in
            try await self.status(of: id)
        } terminate: { (id) throws(ExchangeError) in
            try await self.terminate(id)
        } sharingOf: { [exchange] agent in
            exchange.sharing(of: agent)
        }.registration(named: name, type, sharing)
    }

    func discover(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentID] {
        try checkIsOpen()
        return exchange.discover(typeNamed: typeName, allowSubtypes: allowSubtypes)
    }

    func discover(named name: String) async throws(ExchangeError) -> [AgentID] {
        try checkIsOpen()
        return exchange.discover(named: name)
    }

    func status(of id: EntityID) async throws(ExchangeError) -> MailboxStatus {
        try await details(of: id).status
    }

    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        try checkIsOpen()
        return switch exchange.find(id) {
        case .active(let mailbox): mailbox.details
        case .terminated: MailboxDetails(status: .terminated)
        case .missing: MailboxDetails(status: .missing)
        }
    }

    func terminate(_ id: EntityID) async throws(ExchangeError) {
        try checkIsOpen()
        exchange.terminate(id)
    }

    func factory() -> any ExchangeFactory {
        InProcessExchange(core: exchange)
    }

    func close() async {
        end()
    }

    private func end() {
        let ending = feeds.withLock { feeds in
            defer { feeds = nil }
            return feeds
        }
        guard let ending else { return }
        for feed in ending { feed.end(nil) }
        mailbox.detach(receiver)
        // Its release may come back to this transport, so it happens outside of the lock.
        let taker = eventTaker.withLock { taker in
            defer { taker = nil }
            return taker
        }
        _ = taker
    }

    func checkIsOpen() throws(ExchangeError) {
        if feeds.withLock({ $0 == nil }) { throw closed }
    }

    private var closed: ExchangeError { ExchangeError(.closed, "the transport is closed", entity: mailboxID) }
}
