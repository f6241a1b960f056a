internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// Takes the deliveries of one mailbox in this process: reads and checks them, hands out requests and responses, and has
/// the rest answered or parked.
///
/// A delivered request stays unacknowledged until its response was confirmed. If this process dies, the broker delivers
/// it to the next one.
final class DeliveryIntake: Sendable {
    let contents: MailboxContents
    /// The attempts, if the broker does not count them.
    let notes: AttemptNotes?
    private let state = Mutex(State())

    private struct State {
        /// Waits for the first delivery, which proves that the broker serves this consumer.
        var proof: OneShot<ControlMessage.Kind>?
        /// Whether there was a delivery: the broker serves this consumer, rather than one ahead of it on standby.
        var isActive = false
        /// Whether the present consumer had a delivery, so that no other session can be served.
        var isProven = false
        /// The number of times that there was news in the log of subscriptions, at least 1.
        var news = 1
        /// The news as far as the log was read.
        var known = 0
        /// The number of questions to the directory whether the mailbox was terminated.
        var suspensions = 0
        /// Set at the next ``nextStart``.
        var nextStart = OneShot<Void>()

        mutating func replaceNextStart() -> OneShot<Void> {
            defer { nextStart = OneShot() }
            return nextStart
        }
    }

    init(_ contents: MailboxContents) {
        self.contents = contents
        let (mailbox, link) = (contents.mailboxID, contents.link)
        let isCounted = mailbox.role == .agent && link.configuration.mailboxKind == .replicated
        notes = isCounted ? nil : AttemptNotes(link: link, mailbox: mailbox, isShared: contents.isMember)
    }

    var mailboxID: EntityID { contents.mailboxID }
    var session: Session { contents.session }
    var link: BrokerLink { contents.link }

    /// Whether the broker serves this consumer. A standby holds nothing.
    var isActive: Bool { state.withLock { $0.isActive } }

    /// Is set when the consumer is started again, on a new connection for instance, or when the broker begins to serve it.
    var nextStart: OneShot<Void> { state.withLock { $0.nextStart } }

    /// Whether requests may be taken past the broker: no other session can be the owner, and none terminates the mailbox. A
    /// member of a group is no owner.
    var maySkipBroker: Bool { !contents.isMember && state.withLock { $0.isProven && $0.suspensions == 0 } }

    /// The consumer ended: the broker may serve another session.
    func unprove() {
        state.withLock { $0.isProven = false }
    }

    /// Takes nothing past the broker until ``resume()``, because the mailbox may have been terminated.
    func suspend() {
        state.withLock { $0.suspensions += 1 }
    }

    /// The mailbox was not terminated.
    func resume() {
        state.withLock { $0.suspensions = max(0, $0.suspensions - 1) }
    }

    /// Begins with another consumer: the first delivery resolves `proof`.
    ///
    /// - Parameter isStandby: Whether another consumer may be served by now.
    func begin(proof: OneShot<ControlMessage.Kind>?, isStandby: Bool) {
        let (before, start) = state.withLock { state in
            defer { state.proof = proof }
            state.isProven = false
            state.news += 1
            if isStandby { state.isActive = false }
            return (state.proof, state.replaceNextStart())
        }
        before?.set(.stoodBy)
        start.set()
    }

    /// Records a delivery: this is the active consumer.
    func prove() {
        let (proof, start) = state.withLock { state in
            let (proof, start) = (state.proof, state.isActive ? nil : state.replaceNextStart())
            state.proof = nil
            state.isActive = true
            state.isProven = true
            return (proof, start)
        }
        proof?.set(.probe)
        start?.set()
    }

    /// Whether the log of subscriptions was read as far as the deliveries need it.
    var isInformed: Bool { state.withLock { $0.known == $0.news } }

    /// There is news in the log of subscriptions: it is read before the next event is taken.
    func learnOfSubscriptions() {
        state.withLock { $0.news += 1 }
    }

    /// Reads the log of subscriptions if there is news in it. News that comes meanwhile needs another reading, and no event is
    /// taken by a log that is still being read: it would have no subscription, and be dropped.
    func inform() async throws(ExchangeError) {
        let (news, known) = state.withLock { ($0.news, $0.known) }
        guard known < news else { return }
        try await session.topics.log.fence()
        state.withLock { $0.known = max($0.known, news) }
    }

    // MARK: Deliveries

    /// Takes a delivery on any thread. Returns `false` when the broker must be asked first.
    func takeAtOnce(_ delivery: Delivery) -> Bool {
        // From an ended channel: the message is delivered again, and that delivery is to be acknowledged.
        guard delivery.channel.isOpen else { return true }
        guard !(delivery.redelivered && notes != nil), session.senders.knowsSender(of: delivery.properties) else {
            return false
        }
        if Envelope.isEvent(delivery.properties) {
            guard isInformed else { return false }
            prove()
            take(event: delivery)
            return true
        }
        prove()
        if let message = read(delivery) { take(message, delivery) }
        return true
    }

    /// Takes a delivery after asking the broker for the missing facts.
    func takeLater(_ delivery: Delivery) async {
        guard delivery.channel.isOpen else { return }
        let isSenderLearned = await session.senders.learnSender(of: delivery.properties)
        if Envelope.isEvent(delivery.properties) {
            prove()
            return await takeLater(event: delivery, isSenderLearned: isSenderLearned)
        }
        prove()
        guard var message = read(delivery) else { return }
        if !isSenderLearned, case .response(let response) = message {
            // Only the directory tells whether its sender is credible. It is held until the directory can be asked.
            return contents.refuse { [self] settlement in
                await settlement.persist(with: delivery) {
                    guard await session.senders.learnSender(of: delivery.properties) else { return false }
                    take(.response(response), delivery)
                    return true
                }
            }
        }
        if !isSenderLearned, case .request(let request) = message, !contents.isTerminated,
            !contents.held.withLock({ $0.knows(request) })
        {
            contents.refuse { [senders = session.senders] in
                await $0.answer(senders.unknownSenderAnswer(to: request), delivery)
            }
            return
        }
        if case .request(var request) = message, !contents.isTerminated, delivery.redelivered, let notes,
            !contents.held.withLock({ $0.knows(request) })
        {
            request.attempt = await notes.next(of: request)
            message = .request(request)
        }
        take(message, delivery)
    }

    /// Returns the delivered request or response. Every other delivery is handled here.
    private func read(_ delivery: Delivery) -> Message? {
        if let control = ControlMessage(delivery.properties) {
            delivery.acknowledge()
            if control.kind == .marker { session.direct?.readMarker(control.id) }
            if control.kind == .subscriptions { learnOfSubscriptions() }
            if control.kind == .probe, control.replyTo != link.replyTo {
                session.hints.start { [session] in await session.receiver.reply(.inUse, to: control) }
            }
            return nil
        }
        do throws(Envelope.Malformed) {
            let message = try Envelope.decode(
                delivery.properties,
                body: delivery.body,
                redelivered: delivery.redelivered,
                receiver: mailboxID,
                principal: session.senders.principal(of: delivery.properties),
                way: session.direct == nil ? nil : .broker
            ).checked(delivery)
            guard message.destination == mailboxID else {
                throw Envelope.Malformed(reason: "it is addressed to \(message.destination)", request: nil)
            }
            if case .notice = message {
                throw Envelope.Malformed(reason: "a notice does not belong in a mailbox", request: nil)
            }
            if case .request(let request) = message, delivery.omittedBytes > 0 {
                let answer = request.error(.messageTooLarge, delivery.omission)
                contents.refuse { await $0.answer(answer, delivery) }
                return nil
            }
            return message
        } catch {
            contents.refuse { await $0.refuse(delivery, error) }
            return nil
        }
    }

    private func take(_ message: Message, _ delivery: Delivery) {
        switch message {
        case .notice: break
        case .response(let response):
            if session.senders.refuses(response, delivery) || contents.put(response) {
                delivery.acknowledge()
            } else {
                delivery.reject(requeue: true)
            }
        case .request(let request):
            take(request, delivery)
        }
    }

    private func take(_ request: Request, _ delivery: Delivery) {
        if contents.isTerminated {
            contents.refuse { await $0.answerTerminated(request, delivery) }
            return
        }
        if let refusal = session.senders.refusal(ofSenderOf: request, userID: delivery.properties.userID) {
            contents.refuse { await $0.answer(refusal, delivery) }
            return
        }
        let limit = link.configuration.redeliveryLimit
        if request.attempt - 1 > limit, !contents.held.withLock({ $0.knows(request) }) {
            contents.refuse { await $0.giveUp(request, delivery) }
            return
        }
        if isEarly(request) { return delay(request, delivery) }
        let taken = contents.held.withLock { held in
            held.take(
                request,
                way: ReplyWay(delivery.properties, in: link.names),
                receipt: .delivery(delivery),
                isCopy: Envelope.isCopy(delivery.properties),
                mayComeAgain: delivery.properties.headers[Header.again] != nil
            )
        }
        switch taken {
        case .new(let request): contents.inbox.put(.request(request))
        case .waits: break
        case .copy(let first): first?.settle()
        case .late, .answered(nil): delivery.acknowledge()
        case .closed: delivery.reject(requeue: true)
        case .answered(let response?): contents.refuse { await $0.answer(response, delivery) }
        }
    }

    // MARK: Past the broker

    /// Takes a request if it can be handed out at once.
    ///
    /// - Parameters:
    ///   - peer: The session that sent it.
    ///   - isCopied: Whether the broker has a copy too.
    func takeDirectly(_ request: Request, from peer: UUID, isCopied: Bool) -> DirectTaking {
        if contents.isTerminated { return .terminated }
        guard maySkipBroker else { return .notOwner }
        // Through the broker it is refused for its sender, or waits until the directory knows.
        let userID = request.principal
        guard session.senders.knowsSender(request.source, userID: userID),
            session.senders.objection(to: request.source, userID: userID) == nil
        else { return .busy }
        let bytes = Message.request(request).payloadSize
        guard link.receiveWindow.hasRoom(for: bytes) else { return .busy }
        let way = ReplyWay.session(queue: link.names.sessionQueue(peer), together: 0)
        let hold = DirectHold(of: peer, bytes: bytes, account: link.received)
        let taken = contents.held.withLock {
            $0.takeDirectly(request, way: way, receipt: .direct(hold), isCopied: isCopied)
        }
        switch taken {
        case .new(let request): contents.inbox.put(.request(request))
        case .held, .answered(nil): break
        case .answered(let response?):
            session.background.start { [session] in _ = try? await session.responses.publish(response, to: way) }
        case .busy: return .busy
        case .closed: return contents.isTerminated ? .terminated : .notOwner
        }
        return .taken
    }

    /// Records that a copy of a request that came directly comes through the broker.
    func expectCopy(of tag: UUID, from source: EntityID) {
        contents.held.withLock { $0.expectCopy(of: RequestKey(source: source, tag: tag)) }
    }
}
