internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// Takes the deliveries of one mailbox in this process: hands out its requests and responses, holds the requests until they
/// are answered, and has the rest answered or parked.
///
/// A delivered request stays unacknowledged until its response was confirmed. If this process dies, the broker delivers
/// it to the next one.
final class DeliveryIntake: Sendable {
    let mailboxID: EntityID
    let session: Session
    /// The number of requests that the broker hands out before one of them is answered.
    let prefetch: Int
    let inbox = Inbox()
    let held: Mutex<HeldRequests<Receipt>>
    /// The attempts, if the broker does not count them.
    let notes: AttemptNotes?
    /// Carries messages past the broker, if this exchange does.
    private let direct: (any DirectWay)?
    /// The events among the held requests.
    let shelf = EventShelf()
    private let state = Mutex(State())

    private struct State {
        /// Waits for the first delivery, which proves that the broker serves this consumer.
        var proof: OneShot<ControlMessage.Kind>?
        /// Signals that wait until no answer is in progress.
        var settled: [OneShot<Void>] = []
        /// The number of deliveries being answered or parked without having been handed out.
        var refusals = 0
        /// Recent responses by source and tag, because agents that answer a broadcast share its tag. Delivery is at
        /// least once; a second copy is dropped.
        var responses = RecentRequests(capacity: 8192)
        /// Whether there was a delivery: the broker serves this consumer, rather than one ahead of it on standby.
        var isActive = false
        /// Whether the present consumer had a delivery, so that no other session can be served.
        var isProven = false
        /// Whether the log of subscriptions was read as far as the deliveries need it.
        var isInformed = false
        /// The number of questions to the directory whether the mailbox was terminated.
        var suspensions = 0
        var isTerminated = false
    }

    init(mailboxID: EntityID, prefetch: Int, session: Session) {
        self.mailboxID = mailboxID
        self.session = session
        self.prefetch = prefetch
        direct = session.direct
        held = Mutex(HeldRequests(capacity: prefetch))
        let isCounted = mailboxID.role == .agent && session.link.configuration.mailboxKind == .replicated
        notes = isCounted ? nil : AttemptNotes(link: session.link, mailbox: mailboxID)
    }

    var link: BrokerLink { session.link }

    /// Whether the broker serves this consumer. A standby holds nothing.
    var isActive: Bool { state.withLock { $0.isActive } }

    /// Whether requests may be taken past the broker: no other session can be the owner, and none terminates the mailbox.
    var maySkipBroker: Bool { state.withLock { $0.isProven && $0.suspensions == 0 } }

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

    /// Whether the mailbox was terminated while it was received from here.
    var isTerminated: Bool { state.withLock { $0.isTerminated } }

    /// Begins with another consumer: the first delivery resolves `proof`.
    ///
    /// - Parameter isStandby: Whether another consumer may be served by now.
    func begin(proof: OneShot<ControlMessage.Kind>?, isStandby: Bool) {
        let before = state.withLock { state in
            defer { state.proof = proof }
            state.isProven = false
            state.isInformed = false
            if isStandby { state.isActive = false }
            return state.proof
        }
        before?.set(.stoodBy)
    }

    /// Records a delivery: this is the active consumer.
    func prove() {
        let proof = state.withLock { state in
            let proof = state.proof
            state.proof = nil
            state.isActive = true
            state.isProven = true
            return proof
        }
        proof?.set(.probe)
    }

    /// Records the termination. Returns `true` for the first call.
    func markTerminated() -> Bool {
        state.withLock { state in
            defer { state.isTerminated = true }
            return !state.isTerminated
        }
    }

    /// Whether the log of subscriptions was read as far as the deliveries need it.
    var isInformed: Bool { state.withLock { $0.isInformed } }

    /// There is news in the log of subscriptions: it is read before the next event is taken.
    func learnOfSubscriptions() {
        state.withLock { $0.isInformed = false }
    }

    /// Reads the log of subscriptions if there is news in it.
    func inform() async throws(ExchangeError) {
        guard !state.withLock({ $0.isInformed }) else { return }
        // News that comes meanwhile needs another reading.
        state.withLock { $0.isInformed = true }
        do {
            try await session.topics.log.fence()
        } catch {
            learnOfSubscriptions()
            throw error
        }
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
            return refuse { [self] settlement in
                await settlement.persist(with: delivery) {
                    guard await session.senders.learnSender(of: delivery.properties) else { return false }
                    take(.response(response), delivery)
                    return true
                }
            }
        }
        if !isSenderLearned, case .request(let request) = message, !isTerminated, !held.withLock({ $0.knows(request) })
        {
            refuse { [senders = session.senders] in await $0.answer(senders.unknownSenderAnswer(to: request), delivery)
            }
            return
        }
        if case .request(var request) = message, !isTerminated, delivery.redelivered, let notes,
            !held.withLock({ $0.knows(request) })
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
            if control.kind == .marker { direct?.readMarker(control.id) }
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
                way: direct == nil ? nil : .broker
            ).checked(delivery)
            guard message.destination == mailboxID else {
                throw Envelope.Malformed(reason: "it is addressed to \(message.destination)", request: nil)
            }
            if case .notice = message {
                throw Envelope.Malformed(reason: "a notice does not belong in a mailbox", request: nil)
            }
            if case .request(let request) = message, delivery.omittedBytes > 0 {
                let answer = request.error(.messageTooLarge, delivery.omission)
                refuse { await $0.answer(answer, delivery) }
                return nil
            }
            return message
        } catch {
            refuse { await $0.refuse(delivery, error) }
            return nil
        }
    }

    private func take(_ message: Message, _ delivery: Delivery) {
        switch message {
        case .notice: break
        case .response(let response):
            if session.senders.refuses(response, delivery) || put(response) {
                delivery.acknowledge()
            } else {
                delivery.reject(requeue: true)
            }
        case .request(let request):
            take(request, delivery)
        }
    }

    private func take(_ request: Request, _ delivery: Delivery) {
        if isTerminated {
            refuse { await $0.answerTerminated(request, delivery) }
            return
        }
        if let refusal = session.senders.refusal(ofSenderOf: request, userID: delivery.properties.userID) {
            refuse { await $0.answer(refusal, delivery) }
            return
        }
        let limit = link.configuration.redeliveryLimit
        if request.attempt - 1 > limit, !held.withLock({ $0.knows(request) }) {
            refuse { await $0.giveUp(request, delivery) }
            return
        }
        let taken = held.withLock { held in
            held.take(
                request,
                way: ReplyWay(delivery.properties, in: link.names),
                receipt: .delivery(delivery),
                isCopy: Envelope.isCopy(delivery.properties),
                mayComeAgain: delivery.properties.headers[Header.again] != nil
            )
        }
        switch taken {
        case .new(let request): inbox.put(.request(request))
        case .waits: break
        case .copy(let first): first?.settle()
        case .late, .answered(nil): delivery.acknowledge()
        case .answered(let response?): refuse { await $0.answer(response, delivery) }
        }
    }

    /// Forgets requests that arrived on an ended channel and were not handed to a handler: the broker delivers them
    /// again, to this receiver or to a standby. Handlers keep the requests that they have.
    func forgetUnread() {
        inbox.removeRequests { request in
            held.withLock { $0.forget(request, ifReceipt: \.isVoid) }
        }
        held.withLock { held in
            held.forgetWaiting(ifReceipt: \.isVoid)
            shelf.removeAll { !held.knows($0) }
        }
        handOutNext()
    }

    /// Hands out requests that waited because too many were held.
    func handOutNext() {
        while let request = held.withLock({ $0.next() }) { inbox.put(.request(request)) }
    }

    /// Adds a response from the session queue or the mailbox. Of several with the same tag the first counts.
    ///
    /// - Returns: `false` when the transport closes: the response then belongs to the next receiver of the mailbox.
    @discardableResult
    func put(_ response: Response) -> Bool {
        var response = response
        if direct != nil, response.way == nil { response.way = .broker }
        let key = RequestKey(source: response.source, tag: response.tag)
        guard !response.isTerminal || state.withLock({ $0.responses.insert(key) }) else {
            link.logger.debug("a second copy of a response was dropped", metadata: .init(.response(response)))
            return true
        }
        guard inbox.put(.response(response)) || isTerminated else {
            // It is not known here: a copy that comes by another way belongs to the next receiver, too.
            if response.isTerminal { state.withLock { $0.responses.remove(key) } }
            return false
        }
        if let direct, response.isTerminal { direct.answered(response) }
        return true
    }

    // MARK: Settling

    /// Settles the requests of confirmed responses, and hands out others.
    ///
    /// - Parameter areRead: Whether their requesters have them. Otherwise they lie in a queue of the broker, and a requester that
    ///   loses its direct connection before it reads one sends the request again.
    func finish(_ responses: some Collection<Response>, areRead: Bool = false) {
        // Settled under the lock: a task that sees everything settled may close the channel, after which a receipt has no
        // effect.
        let (wake, next, isSettled) = held.withLock { held in
            var wake: WakeDescriptor?
            for response in responses {
                let mayComeAgain: (Receipt) -> Bool = { !areRead && $0.peer != nil }
                guard let receipt = held.finish(response, mayComeAgain: mayComeAgain) else { continue }
                // Only the first settlement can find the thread asleep.
                wake = receipt.placeSettlement() ?? wake
                held.settled()
            }
            return (wake, held.next(), held.isSettled)
        }
        wake?.signal()
        if let next {
            inbox.put(.request(next))
            handOutNext()
        }
        if isSettled { checkSettled() }
    }

    /// Keeps a held request whose answer could not be sent.
    func fail(_ response: Response) {
        held.withLock { $0.fail(response) }
        checkSettled()
    }

    /// Gives a request back to the mailbox after a moment, unless it was answered meanwhile.
    func giveBack(_ request: Request) {
        session.background.start { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                switch held.withLock({ $0.release(request) }) {
                case .busy: continue
                case .unknown: return
                case .released(let entry):
                    if case .delivery(let delivery)? = entry.receipt { delivery.reject(requeue: true) }
                    await giveBackDirectly([entry])
                    handOutNext()
                    checkSettled()
                    return
                }
            }
        }
    }

    /// Waits until no answer is in progress, at most 5 s or the limit of an operation.
    func settle() async {
        let signal = OneShot<Void>()
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
        for signal in signals { signal.set() }
    }

    /// Answers or parks a delivery in the background. ``settle()`` waits for it.
    func refuse(_ body: @escaping @Sendable (DeliverySettlement) async -> Void) {
        state.withLock { $0.refusals += 1 }
        session.background.start { [self] in
            await body(session.settlement)
            state.withLock { $0.refusals -= 1 }
            checkSettled()
        }
    }
}
