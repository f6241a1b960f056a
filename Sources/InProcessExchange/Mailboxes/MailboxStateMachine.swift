internal import AgentExchange
internal import DequeModule
internal import Foundation

/// A mailbox: what waits in it, what its receiver holds, who waits for it. Pure: no lock, no clock, nothing is sent.
///
/// The receiver is whoever attached first; others stand by behind it, get nothing, and take over in the order in which
/// they came. A received request is held until it is settled; detaching puts what is held back to the front. Every request
/// that was accepted leaves the machine exactly once: settled by its receiver, or with an answer that the machine made.
struct MailboxStateMachine<Waiter> {
    typealias Instant = ContinuousClock.Instant

    /// Names one attachment.
    typealias Receiver = Int

    /// What is to be done after an event.
    struct Actions {
        /// Who waited, and what each of them gets.
        var wakes: [(waiter: Waiter, result: Result<Message, MailboxRefusal>)] = []
        /// Answers to requests that will not be delivered.
        var answers: [Response] = []
        /// When ``tick(at:)`` is due, where that became earlier.
        var alarm: Instant?
    }

    /// What a response that the receiver sends is to its mailbox.
    enum Settlement: Equatable {
        /// The answer to a request that was held; it is not any more.
        case answer
        /// A second answer.
        case repeated
        /// It answers nothing that was received here, as far as is remembered.
        case foreign
    }

    private typealias HeldKey = RequestKey

    private struct Held {
        let element: RequestQueue.Element
        let order: Int
    }

    private struct Waiting {
        let waiter: Waiter
        let number: Int
        let deadline: Instant?
        /// Whether it gets every message, and not only the next one.
        let isStanding: Bool
    }

    /// As many notices wait at most; a receiver that does not receive loses the later ones.
    static var noticeLimit: Int { 4096 }

    private let prefetch: Int
    private let maximumLength: Int?
    private var requests = RequestQueue()
    private var responses: Deque<Response> = []
    private var notices: Deque<Notice> = []
    private var held: [HeldKey: Held] = [:]
    private var settled = RecentRequests(capacity: 4096)
    private var deliveries = 0
    /// The first receives, the others stand by.
    private var receivers: Deque<Receiver> = []
    private var lastReceiver: Receiver = 0
    /// How many requests a receiver holds, where that is its own choice.
    private var limits: [Receiver: Int] = [:]
    private var waiting: [Receiver: Waiting] = [:]
    private(set) var isTerminated = false

    /// Makes an empty mailbox: a receiver holds up to `prefetch` requests, and up to `maximumLength` messages wait.
    init(prefetch: Int, maximumLength: Int?) {
        self.prefetch = max(1, prefetch)
        self.maximumLength = maximumLength
    }

    /// How many messages wait. Notices are no messages to wait for: they do not count.
    var queuedMessages: Int { requests.count + responses.count }

    /// How many requests were received and not settled.
    var heldRequests: Int { held.count }

    /// How many are attached, those on standby included.
    var attached: Int { receivers.count }
}

// MARK: - Messages that arrive

extension MailboxStateMachine {
    /// A request arrives. One whose deadline is over is taken, and answered at once.
    mutating func accept(_ request: Request, deadline: Instant?, now: Instant) throws(MailboxRefusal) -> Actions {
        if isTerminated { throw .terminated }
        // Nobody is authenticated in one process.
        var element = RequestQueue.Element(request: request.with(principal: nil), deadline: deadline)
        element.request.attempt = 1
        var actions = Actions()
        if let deadline, deadline <= now {
            actions.answers.append(Self.expiry(of: request))
        } else if canTake, let waiter = takeWaiter() {
            // Someone waits and may take a request: then none is queued.
            actions.wakes.append((waiter, .success(hold(element))))
        } else {
            if let maximumLength, queuedMessages >= maximumLength { throw .full }
            let earliest = requests.earliestDeadline
            requests.append(element)
            if let deadline, earliest.map({ deadline < $0 }) ?? true { actions.alarm = deadline }
        }
        return actions
    }

    /// A response arrives. One that answers a request of this mailbox is taken also when the mailbox is full.
    mutating func accept(_ response: Response, isAnswer: Bool) throws(MailboxRefusal) -> Actions {
        if isTerminated { throw .terminated }
        var actions = Actions()
        if let waiter = takeWaiter() {
            actions.wakes.append((waiter, .success(.response(response))))
        } else {
            if !isAnswer, let maximumLength, queuedMessages >= maximumLength { throw .full }
            responses.append(response)
        }
        return actions
    }

    /// A notice arrives. It is dropped when nobody is attached.
    mutating func accept(_ notice: Notice) -> Actions {
        if isTerminated || receivers.isEmpty { return Actions() }
        var notice = notice
        notice.principal = nil
        if let waiter = takeWaiter() { return Actions(wakes: [(waiter, .success(.notice(notice)))]) }
        if notices.count < Self.noticeLimit { notices.append(notice) }
        return Actions()
    }
}

// MARK: - The receiver

extension MailboxStateMachine {
    /// A receiver attaches, or comes to stand by behind those that are attached.
    ///
    /// - Parameter limit: How many requests it holds at most, if that is less than the mailbox's own limit.
    mutating func attach(_ mode: AttachMode, limit: Int? = nil) throws(MailboxRefusal) -> Receiver {
        if isTerminated { throw .terminated }
        if mode == .exclusive, !receivers.isEmpty { throw .inUse }
        lastReceiver += 1
        receivers.append(lastReceiver)
        limits[lastReceiver] = limit.map { max(1, $0) }
        return lastReceiver
    }

    /// The receiver wants a message. Without one, ``wait(_:by:number:deadline:)`` may follow before any other event.
    ///
    /// Notices come first, then responses: they never wait behind requests. One that stands by gets nothing.
    mutating func receive(by receiver: Receiver, now: Instant) throws(MailboxRefusal) -> (
        message: Message?, actions: Actions
    ) {
        if !receivers.contains(receiver) { throw .closed }
        if isTerminated { throw .terminated }
        if waiting[receiver] != nil { throw .inUse }
        var actions = Actions()
        return (receiver == receivers.first ? next(at: now, &actions) : nil, actions)
    }

    /// The receiver waits for the next message, or, when it is standing, for all that come until it is told of an end.
    mutating func wait(
        _ waiter: Waiter,
        by receiver: Receiver,
        number: Int,
        deadline: Instant?,
        isStanding: Bool = false
    ) {
        waiting[receiver] = Waiting(waiter: waiter, number: number, deadline: deadline, isStanding: isStanding)
    }

    /// The task that waits under a number was cancelled.
    mutating func cancel(_ number: Int) -> Actions {
        wake(.cancelled) { $0.number == number }
    }

    /// The receiver answers a request: it is not held any more.
    mutating func settle(
        _ tag: UUID,
        of requester: EntityID,
        by receiver: Receiver,
        now: Instant
    ) throws(MailboxRefusal) -> (settlement: Settlement, actions: Actions) {
        if !receivers.contains(receiver) { throw .closed }
        if isTerminated { throw .terminated }
        let key = HeldKey(source: requester, tag: tag)
        // What is held is the first receiver's: one that stands by answers nothing.
        guard receiver == receivers.first, held.removeValue(forKey: key) != nil else {
            return (settled.contains(key) ? .repeated : .foreign, Actions())
        }
        settled.insert(key)
        var actions = Actions()
        // A receiver may have waited because it held too much.
        serve(at: now, &actions)
        return (.answer, actions)
    }

    /// The receiver sends a part of the answer to a request, which is held on.
    func checkHeld(_ tag: UUID, of requester: EntityID, by receiver: Receiver) throws(MailboxRefusal) {
        if !receivers.contains(receiver) { throw .closed }
        if isTerminated { throw .terminated }
        let isHeld = held[HeldKey(source: requester, tag: tag)] != nil
        if receiver != receivers.first || !isHeld { throw .notHeld }
    }

    /// A receiver goes; what it held is put back, in the order in which it was delivered, and whoever stands by takes over.
    mutating func detach(_ receiver: Receiver, now: Instant) -> Actions {
        guard let index = receivers.firstIndex(of: receiver) else { return Actions() }
        receivers.remove(at: index)
        limits[receiver] = nil
        var actions = Actions()
        if let waiting = waiting.removeValue(forKey: receiver) {
            actions.wakes.append((waiting.waiter, .failure(.closed)))
        }
        guard index == 0 else { return actions }
        notices = []
        for element in takeHeld().reversed() {
            var element = element
            element.request.attempt += 1
            requests.prepend(element)
        }
        serve(at: now, &actions)
        actions.alarm = requests.earliestDeadline
        return actions
    }
}

// MARK: - Time and the end

extension MailboxStateMachine {
    /// Time has come: requests that expired are answered, and whoever waited long enough is told.
    mutating func tick(at now: Instant) -> Actions {
        var actions = wake(.timedOut) { $0.deadline.map { $0 <= now } ?? false }
        actions.answers = requests.removeExpired(at: now).map(Self.expiry)
        actions.alarm = (waiting.values.map(\.deadline) + [requests.earliestDeadline]).compactMap { $0 }.min()
        return actions
    }

    /// The mailbox ends, for good: every request in it is answered, responses are dropped.
    mutating func terminate() -> Actions {
        if isTerminated { return Actions() }
        isTerminated = true
        var actions = wake(.terminated) { _ in true }
        actions.answers = takeHeld().map { Self.termination(of: $0.request) }
        while let element = requests.popFirst() { actions.answers.append(Self.termination(of: element.request)) }
        responses = []
        notices = []
        return actions
    }
}

// MARK: - Parts

extension MailboxStateMachine {
    private var canTake: Bool {
        let limit = receivers.first.flatMap { limits[$0] } ?? prefetch
        return held.count < max(1, min(limit, prefetch))
    }

    /// The next message that may be delivered. Expired requests on the way to it are answered.
    private mutating func next(at now: Instant, _ actions: inout Actions) -> Message? {
        if let notice = notices.popFirst() { return .notice(notice) }
        if let response = responses.popFirst() { return .response(response) }
        while canTake, let element = requests.popFirst() {
            if let deadline = element.deadline, deadline <= now {
                actions.answers.append(Self.expiry(of: element.request))
            } else {
                return hold(element)
            }
        }
        return nil
    }

    /// Notes that a request is delivered. A second one with the same tag is held together with the first.
    private mutating func hold(_ element: RequestQueue.Element) -> Message {
        let key = HeldKey(source: element.request.source, tag: element.request.tag)
        deliveries += 1
        if held[key] == nil { held[key] = Held(element: element, order: deliveries) }
        return .request(element.request)
    }

    private mutating func takeHeld() -> [RequestQueue.Element] {
        let elements = held.values.sorted { $0.order < $1.order }.map(\.element)
        held = [:]
        return elements
    }

    /// Whoever waits as the receiver; it does not any more, unless it is standing.
    private mutating func takeWaiter() -> Waiter? {
        guard let receiver = receivers.first, let entry = waiting[receiver] else { return nil }
        if !entry.isStanding { waiting[receiver] = nil }
        return entry.waiter
    }

    /// Gives the receiver what it waits for, if that is there.
    private mutating func serve(at now: Instant, _ actions: inout Actions) {
        while let receiver = receivers.first, waiting[receiver] != nil, let message = next(at: now, &actions),
            let waiter = takeWaiter()
        {
            actions.wakes.append((waiter, .success(message)))
        }
    }

    /// Ends some of the waits without a message.
    private mutating func wake(_ refusal: MailboxRefusal, where isMeant: (Waiting) -> Bool) -> Actions {
        var actions = Actions()
        for (receiver, waiter) in waiting where isMeant(waiter) {
            waiting[receiver] = nil
            actions.wakes.append((waiter.waiter, .failure(refusal)))
        }
        return actions
    }

    private static func expiry(of request: Request) -> Response {
        request.error(.deadlineExceeded, "the deadline passed before the request was received")
    }

    private static func termination(of request: Request) -> Response {
        request.error(.mailboxTerminated, "the mailbox was terminated before the request was answered")
    }
}
