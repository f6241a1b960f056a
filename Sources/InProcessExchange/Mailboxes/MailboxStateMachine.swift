internal import AgentExchange
internal import DequeModule
internal import Foundation

/// A mailbox: what waits in it, what its receiver holds, who waits for it. Pure: no lock, no clock, nothing is sent.
///
/// The receiver is whoever is attached, one at a time. A received request is held until it is settled; detaching puts
/// what is held back to the front. Every request that was accepted leaves the machine exactly once: settled by its
/// receiver, or with an answer that the machine made.
struct MailboxStateMachine<Waiter> {
    typealias Instant = ContinuousClock.Instant

    /// Names one attachment.
    typealias Receiver = Int

    /// What is to be done after an event.
    struct Actions {
        /// Who waited, and what it gets.
        var wake: (waiter: Waiter, result: Result<Message, MailboxRefusal>)?
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

    private struct HeldKey: Hashable {
        let requester: EntityID
        let tag: UUID
    }

    private struct Held {
        let element: RequestQueue.Element
        let order: Int
    }

    private struct Waiting {
        let waiter: Waiter
        let number: Int
        let deadline: Instant?
    }

    private let prefetch: Int
    private let maximumLength: Int?
    private var requests = RequestQueue()
    private var responses: Deque<Response> = []
    private var held: [HeldKey: Held] = [:]
    private var settled = RecentSet<UUID>(capacity: 4096)
    private var deliveries = 0
    private var receiver: Receiver?
    private var lastReceiver: Receiver = 0
    private var waiting: Waiting?
    private(set) var isTerminated = false

    /// Makes an empty mailbox: a receiver holds up to `prefetch` requests, and up to `maximumLength` messages wait.
    init(prefetch: Int, maximumLength: Int?) {
        self.prefetch = max(1, prefetch)
        self.maximumLength = maximumLength
    }

    /// How many messages wait.
    var queuedMessages: Int { requests.count + responses.count }

    /// How many requests were received and not settled.
    var heldRequests: Int { held.count }

    /// Whether a receiver is attached.
    var isAttached: Bool { receiver != nil }
}

// MARK: - Messages that arrive

extension MailboxStateMachine {
    /// A request arrives. One whose deadline is over is taken, and answered at once.
    mutating func accept(_ request: Request, deadline: Instant?, now: Instant) throws(MailboxRefusal) -> Actions {
        if isTerminated { throw .terminated }
        var element = RequestQueue.Element(request: request, deadline: deadline)
        element.request.attempt = 1
        var actions = Actions()
        if let deadline, deadline <= now {
            actions.answers.append(Self.expiry(of: request))
        } else if let waiting, canTake {
            // Someone waits and may take a request: then none is queued.
            self.waiting = nil
            actions.wake = (waiting.waiter, .success(hold(element)))
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
        if let waiting {
            self.waiting = nil
            actions.wake = (waiting.waiter, .success(.response(response)))
        } else {
            if !isAnswer, let maximumLength, queuedMessages >= maximumLength { throw .full }
            responses.append(response)
        }
        return actions
    }
}

// MARK: - The receiver

extension MailboxStateMachine {
    /// A receiver attaches.
    mutating func attach() throws(MailboxRefusal) -> Receiver {
        if isTerminated { throw .terminated }
        if receiver != nil { throw .inUse }
        lastReceiver += 1
        receiver = lastReceiver
        return lastReceiver
    }

    /// The receiver wants a message. Without one, ``wait(_:number:deadline:)`` may follow before any other event.
    ///
    /// Responses come first: they never wait behind requests.
    mutating func receive(by receiver: Receiver, now: Instant) throws(MailboxRefusal) -> (
        message: Message?, actions: Actions
    ) {
        if self.receiver != receiver { throw .closed }
        if isTerminated { throw .terminated }
        if waiting != nil { throw .inUse }
        var actions = Actions()
        return (next(at: now, &actions), actions)
    }

    /// The receiver waits for the next message.
    mutating func wait(_ waiter: Waiter, number: Int, deadline: Instant?) {
        waiting = Waiting(waiter: waiter, number: number, deadline: deadline)
    }

    /// The task that waits under a number was cancelled.
    mutating func cancel(_ number: Int) -> Actions {
        guard waiting?.number == number else { return Actions() }
        return wake(.failure(.cancelled))
    }

    /// The receiver answers a request: it is not held any more.
    mutating func settle(
        _ tag: UUID,
        of requester: EntityID,
        by receiver: Receiver,
        now: Instant
    ) throws(MailboxRefusal) -> (settlement: Settlement, actions: Actions) {
        if self.receiver != receiver { throw .closed }
        if isTerminated { throw .terminated }
        guard held.removeValue(forKey: HeldKey(requester: requester, tag: tag)) != nil else {
            return (settled.contains(tag) ? .repeated : .foreign, Actions())
        }
        settled.insert(tag)
        var actions = Actions()
        // A receiver may have waited because it held too much.
        if let waiting, let message = next(at: now, &actions) {
            self.waiting = nil
            actions.wake = (waiting.waiter, .success(message))
        }
        return (.answer, actions)
    }

    /// The receiver goes; what it held is put back, in the order in which it was delivered.
    mutating func detach(_ receiver: Receiver) -> Actions {
        guard self.receiver == receiver else { return Actions() }
        self.receiver = nil
        var actions = wake(.failure(.closed))
        for element in takeHeld().reversed() {
            var element = element
            element.request.attempt += 1
            requests.prepend(element)
        }
        actions.alarm = requests.earliestDeadline
        return actions
    }
}

// MARK: - Time and the end

extension MailboxStateMachine {
    /// Time has come: requests that expired are answered, and whoever waited long enough is told.
    mutating func tick(at now: Instant) -> Actions {
        var actions = Actions()
        if let deadline = waiting?.deadline, deadline <= now { actions = wake(.failure(.timedOut)) }
        actions.answers = requests.removeExpired(at: now).map(Self.expiry)
        actions.alarm = [requests.earliestDeadline, waiting?.deadline].compactMap { $0 }.min()
        return actions
    }

    /// The mailbox ends, for good: every request in it is answered, responses are dropped.
    mutating func terminate() -> Actions {
        if isTerminated { return Actions() }
        isTerminated = true
        var actions = wake(.failure(.terminated))
        actions.answers = takeHeld().map { Self.termination(of: $0.request) }
        while let element = requests.popFirst() { actions.answers.append(Self.termination(of: element.request)) }
        responses = []
        return actions
    }
}

// MARK: - Parts

extension MailboxStateMachine {
    private var canTake: Bool { held.count < prefetch }

    /// The next message that may be delivered. Expired requests on the way to it are answered.
    private mutating func next(at now: Instant, _ actions: inout Actions) -> Message? {
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
        let key = HeldKey(requester: element.request.source, tag: element.request.tag)
        deliveries += 1
        if held[key] == nil { held[key] = Held(element: element, order: deliveries) }
        return .request(element.request)
    }

    private mutating func takeHeld() -> [RequestQueue.Element] {
        let elements = held.values.sorted { $0.order < $1.order }.map(\.element)
        held = [:]
        return elements
    }

    private mutating func wake(_ result: Result<Message, MailboxRefusal>) -> Actions {
        guard let waiting else { return Actions() }
        self.waiting = nil
        return Actions(wake: (waiting.waiter, result))
    }

    private static func expiry(of request: Request) -> Response {
        request.error(.deadlineExceeded, "the deadline passed before the request was received")
    }

    private static func termination(of request: Request) -> Response {
        request.error(.mailboxTerminated, "the mailbox was terminated before the request was answered")
    }
}
