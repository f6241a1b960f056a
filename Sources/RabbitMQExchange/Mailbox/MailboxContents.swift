internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// The messages of one mailbox in this process: those that its receiver has not taken, and the requests and events that are
/// held until they are settled.
final class MailboxContents: Sendable {
    let mailboxID: EntityID
    let session: Session
    /// The number of requests that the broker hands out before one of them is answered.
    let prefetch: Int
    let inbox = Inbox()
    let held: Mutex<HeldRequests<Receipt>>
    /// The events among the held requests.
    let shelf = EventShelf()
    /// The preparation of the mailbox for delayed requests.
    let delaying = DelayPreparation()
    /// Whether this is one of the receivers of a work group.
    let isMember: Bool
    private let state = Mutex(State())

    private struct State {
        /// Signals that wait until no answer is in progress.
        var settled: [OneShot<Void>] = []
        /// The number of deliveries being answered or parked without having been handed out.
        var refusals = 0
        /// Recent responses by source and tag, because agents that answer a broadcast share its tag. Delivery is at
        /// least once; a second copy is dropped.
        var responses = RecentRequests(capacity: 8192)
        /// The tags of the requests that a member of a group sent last.
        var asked = RecentTags(capacity: 8192)
        var isTerminated = false
    }

    init(of mailboxID: EntityID, prefetch: Int, isMember: Bool = false, session: Session) {
        self.mailboxID = mailboxID
        self.isMember = isMember
        self.session = session
        self.prefetch = prefetch
        held = Mutex(HeldRequests(capacity: prefetch))
    }

    var link: BrokerLink { session.link }

    /// Whether the mailbox was terminated while it was received from here.
    var isTerminated: Bool { state.withLock { $0.isTerminated } }

    /// Records the termination. Returns `true` for the first call.
    func markTerminated() -> Bool {
        state.withLock { state in
            defer { state.isTerminated = true }
            return !state.isTerminated
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
        let direct = session.direct
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

    /// Records that a request is sent. The members of a group share a mailbox, and the answer belongs to the one that asked.
    func asks(_ tag: UUID) {
        if isMember { state.withLock { $0.asked.insert(tag) } }
    }

    /// Returns whether a member of a group sent a request, as far as is remembered.
    func hasAsked(_ tag: UUID) -> Bool { isMember && state.withLock { $0.asked.contains(tag) } }

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

    /// Settles a request that the broker keeps until its time, and hands out others.
    func delayed(_ request: Request) {
        let (wake, isSettled) = held.withLock { held in
            let wake = held.endDelay(of: request)?.placeSettlement()
            held.settled()
            return (wake, held.isSettled)
        }
        wake?.signal()
        handOutNext()
        if isSettled { checkSettled() }
    }

    /// Settles an event after its handlers are done.
    func settle(_ delivery: EventDelivery) {
        guard let request = shelf.take(delivery.event.publicationID) else { return }
        finish(CollectionOfOne(request.response()))
    }

    /// Keeps a held request after its answer could not be sent.
    func fail(_ response: Response) {
        held.withLock { $0.fail(response) }
        checkSettled()
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
