internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// The transport of one mailbox on the broker.
final class RabbitMQTransport: ExchangeTransport {
    /// The receiving from the mailbox.
    let attachment: MailboxAttachment
    private let route: any MessageRoute
    private let lease: Lease
    private let exchange: RabbitMQExchange
    private let state = Mutex(State())

    private struct State {
        /// The feeds of the directory until this transport closes.
        var feeds: [ChangeFeed] = []
        /// Takes the events of the mailbox.
        var takeEvent: (@Sendable (EventDelivery) -> Void)?
        var isClosed = false
    }

    init(_ attachment: MailboxAttachment, lease: Lease, exchange: RabbitMQExchange) {
        self.attachment = attachment
        self.lease = lease
        self.exchange = exchange
        let contents = attachment.contents
        let broker = BrokerRoute(intake: attachment.intake)
        // No member of a group owns the mailbox, so that its messages go through the broker.
        let direct = attachment.isMember ? nil : attachment.session.direct
        route =
            direct?.route(for: attachment.mailboxID, broker: broker) { response in
                contents.finish(CollectionOfOne(response), areRead: true)
            } ?? broker
    }

    var mailboxID: EntityID { attachment.mailboxID }

    var exchangeKind: String { exchange.direct?.exchangeKind ?? "rabbitmq" }

    var maximumMessageSize: Int { min(exchange.configuration.maximumMessageSize, link.largestBody ?? .max) }

    var sendsAtOnce: Bool { false }

    var requestLimit: Int { contents.prefetch }

    var session: Session { attachment.session }

    private var waiting: WaitingEvents { WaitingEvents(contents: contents) }

    private var link: BrokerLink { attachment.link }

    private var contents: MailboxContents { attachment.contents }

    // MARK: Sending

    func send(_ message: Message) async throws(ExchangeError) {
        try await PostedPublication.outcome(on: link, session.background) { (post) throws(ExchangeError) in
            try send(message, post)
        }
    }

    func post(_ message: Message, _ ended: @escaping PostedPublication.Ended) -> any PostedMessage {
        let post = PostedPublication(on: link, session.background, ended)
        post.begin { (post) throws(ExchangeError) in try send(message, post) }
        return post
    }

    private func send(_ message: Message, _ post: PostedPublication) throws(ExchangeError) {
        try check(message)
        switch message {
        case .request(var request):
            request.attempt = 1
            contents.asks(request.tag)
            try route.send(request, mayComeAgain: false, post)
        case .response(let response): try send(response, post)
        case .notice(let notice): try route.notice(notice, post)
        }
    }

    /// Sends a response, and settles its request if this process received it. After a part the request stays held.
    private func send(_ response: Response, _ post: PostedPublication) throws(ExchangeError) {
        guard response.isTerminal else {
            try route.part(response, to: way(of: response), post)
            return
        }
        switch contents.held.withLock({ $0.answer(response) }) {
        case .send(let way):
            route.answer(response, to: way, post)
        case .again:
            if contents.isTerminated {
                throw ExchangeError(.mailboxTerminated, "it was answered already", entity: mailboxID)
            }
            link.logger.warning("a second answer was dropped", metadata: .init(.response(response)))
            post.end(.success(()))
        case .foreign:
            try route.part(response, to: .mailbox, post)
        }
    }

    /// Returns the place for a part. Its request must be held here.
    private func way(of part: Response) throws(ExchangeError) -> ReplyWay {
        if contents.isTerminated {
            throw ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: mailboxID)
        }
        guard let way = contents.held.withLock({ $0.way(of: part) }) else {
            let text = "the request is not held here, or was answered"
            throw ExchangeError(.invalidMessage, text, entity: mailboxID)
        }
        return way
    }

    func broadcast(_ broadcast: Broadcast) async throws(ExchangeError) -> [AgentID] {
        try checkOpen()
        contents.asks(broadcast.tag)
        return try await route.broadcast(broadcast, limit: maximumMessageSize)
    }

    /// - Throws: The reason that a message can never be sent.
    private func check(_ message: Message) throws(ExchangeError) {
        try checkOpen()
        try message.checkLimits()
        let size = message.payloadSize
        let limit = link.configuration.maximumMessageSize
        guard size <= limit else {
            let text = "\(size) bytes; the limit is \(limit)"
            throw ExchangeError(.messageTooLarge, text, entity: message.destination)
        }
    }

    /// Publishes an event through the broker, behind everything that was sent before.
    func publish(_ event: Event) async throws(ExchangeError) -> Bool {
        try checkOpen()
        route.prepareEvent()
        // Requests that were sent meanwhile may be unread, too.
        defer { route.prepareEvent() }
        return try await EventSender(link: link, topics: session.topics, directory: session.directory).publish(
            event,
            from: mailboxID,
            limit: maximumMessageSize
        )
    }

    // MARK: Receiving

    func receive(timeout: Duration?) async throws(ExchangeError) -> Message {
        let end = timeout.map { ContinuousClock.Instant.after($0) }
        while true {
            let message = try await contents.inbox.next(timeout: end.map { ContinuousClock.now.duration(to: $0) })
            if case .request(let request) = message, request.isEvent {
                waiting.setAside(request)
            } else if !isExpired(message) {
                return message
            }
        }
    }

    func push(to take: @escaping @Sendable (Message) -> Void) async -> ExchangeError {
        guard let takeEvent = state.withLock({ $0.takeEvent }) else { return await push(to: take, nil) }
        let start = attachment.intake.nextStart
        let isDone = await waiting.bringBack()
        return await withDiscardingTaskGroup(returning: ExchangeError.self) { group in
            group.addTask { [self] in
                await waiting.keepBringingBack(to: attachment.intake, after: start, isDone: isDone)
            }
            let end = await push(to: take, takeEvent)
            group.cancelAll()
            return end
        }
    }

    private func push(
        to take: @escaping @Sendable (Message) -> Void,
        _ takeEvent: (@Sendable (EventDelivery) -> Void)?
    ) async -> ExchangeError {
        await contents.inbox.push { [self] message in
            if case .request(let request) = message, request.isEvent {
                handOut(request, takeEvent)
            } else if !isExpired(message) {
                take(message)
            }
        }
    }

    /// Hands an event to its taker. Without one it is set aside for another receiver of the mailbox.
    private func handOut(_ event: Request, _ take: (@Sendable (EventDelivery) -> Void)?) {
        guard let take else { return waiting.setAside(event) }
        if let delivery = contents.shelf.delivery(of: event) { take(delivery) }
    }

    /// Takes the events of the mailbox from now on.
    func takeEvents(_ take: @escaping @Sendable (EventDelivery) -> Void) {
        state.withLock { $0.takeEvent = take }
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

    func unawaited(_ requests: [Request]) async -> [Request] {
        await RequesterCheck(session: session).unawaited(requests, in: contents)
    }

    func giveBack(_ request: Request) { contents.giveBack(request) }

    // MARK: The directory

    func registerAgent(_ type: AgentType, name: String?) async throws(ExchangeError) -> AgentRegistration {
        try await registerAgent(type, name: name, sharing: .exclusive)
    }

    func registerAgent(
        _ type: AgentType,
        name: String?,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration {
        try checkOpen()
        return try await RabbitMQExchange.register(type, name, sharing, in: session)
    }

    func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration {
        try await registration(named: name, type: type, sharing: .exclusive)
    }

    func registration(
        named name: String,
        type: AgentType,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration {
        try checkOpen()
        return try await RabbitMQExchange.adoption(of: sharing, in: session).registration(named: name, type, sharing)
    }

    func discover(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentID] {
        try checkOpen()
        return try await session.directory.agents(typeNamed: typeName, allowSubtypes: allowSubtypes)
    }

    func discover(named name: String) async throws(ExchangeError) -> [AgentID] {
        try checkOpen()
        return try await session.directory.agents(named: name)
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
        var details = try await session.mailboxes.details(of: id)
        if session.direct != nil, details.attachedConsumers > 0 {
            details.directRequests = await OwnerQuestion(session: session).ask([id])[id]?.directRequests
        }
        return details
    }

    func recentDetails(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        try checkOpen()
        return try await session.mailboxes.recentDetails(of: id)
    }

    // MARK: The end

    func terminate(_ id: EntityID) async throws(ExchangeError) {
        try checkOpen()
        if attachment.isVisitor, id == mailboxID { return }
        try await Termination(session: session, id: id).run()
    }

    func factory() -> any ExchangeFactory { exchange.direct?.factory(over: exchange) ?? exchange }

    func close() async {
        let isFirst = state.withLock { state in
            let isFirst = !state.isClosed
            state.isClosed = true
            return isFirst
        }
        guard isFirst else { return }
        let unread = contents.inbox.end(ExchangeError(.closed, "the transport is closed"))
        for feed in state.withLock({ $0.feeds }) { feed.end(nil) }
        await route.close()
        await attachment.detach()
        session.attachments.remove(attachment)
        if attachment.isVisitor {
            await VisitorRoutes(of: mailboxID, on: link).unbind()
        } else {
            for response in unread { await giveBack(response) }
        }
        await lease.end()
    }

    /// Sends an unreceived response to the mailbox, for its next receiver.
    private func giveBack(_ response: Response) async {
        do throws(ExchangeError) {
            _ = try await session.responses.publish(response, to: .mailbox)
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
}
