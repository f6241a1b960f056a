internal import AgentExchange
internal import DequeModule
internal import Foundation
internal import Primitives

/// The state machine of a mailbox: its waiting messages, the held requests, and the waiting receivers. It is pure: it
/// has no lock and no clock, and sends nothing.
///
/// The first attached receiver is active. Others stand by behind it, receive nothing, and take over in the order in
/// which they attached. In a group all of them are active, as ``members`` of it. A received request is held until it is
/// settled; detaching puts held requests back at the front.
/// Every accepted request leaves the machine exactly once: settled by its receiver, or with an answer of the machine.
struct MailboxStateMachine<Waiter> {
    typealias Instant = ContinuousClock.Instant

    /// Identifies one attachment.
    typealias Receiver = Int

    /// The actions to take after an event.
    struct Actions {
        /// The waiters to resume, each with its result. A standing waiter has numbered results, from 0.
        var wakes: [(waiter: Waiter, result: Result<MailboxDelivery, MailboxRefusal>, number: Int)] = []
        /// Answers to requests that will never be delivered.
        var answers: [Response] = []
        /// The time of the next ``tick(at:)``, if it became earlier.
        var alarm: Instant?
    }

    /// The meaning of a receiver's response for its mailbox.
    enum Settlement: Equatable {
        /// The answer to a held request, which is then no longer held.
        case answer
        /// A repeated answer.
        case repeated
        /// The response matches no request received here, as far as is remembered.
        case foreign
    }

    private typealias HeldKey = RequestKey

    private struct Held {
        let element: RequestQueue.Element
        let order: Int
        let receiver: Receiver
    }

    private typealias Waiting = MailboxWait<Waiter>

    /// The maximum number of waiting notices. A receiver that does not receive loses later ones.
    static var noticeLimit: Int { 4096 }

    private let prefetch: Int
    private let maximumLength: Int?
    private var requests = RequestQueue()
    /// The requests that wait for their time.
    private var scheduled = DeadlineQueue<RequestQueue.Element>()
    private var responses: Deque<Response> = []
    private var notices: Deque<Notice> = []
    private var held: [HeldKey: Held] = [:]
    private var events = EventQueue()
    /// The number of requests and events that arrived.
    private var arrivals = 0
    private var settled = RecentRequests(capacity: 4096)
    private var deliveries = 0
    /// The first one is active, the others stand by.
    private var receivers: Deque<Receiver> = []
    private var lastReceiver: Receiver = 0
    /// The receivers' own limits of held requests.
    private var limits: [Receiver: Int] = [:]
    private var waiting: [Receiver: Waiting] = [:]
    /// The members of a group; `nil` when the mailbox has one active receiver.
    private var members: MailboxMembers?
    private(set) var isTerminated = false

    /// Makes an empty mailbox. A receiver holds up to `prefetch` requests, and up to `maximumLength` messages wait.
    init(prefetch: Int, maximumLength: Int?, sharing: MailboxSharing = .exclusive) {
        self.prefetch = max(1, prefetch)
        self.maximumLength = maximumLength
        members = sharing == .group ? MailboxMembers() : nil
    }

    /// The number of waiting messages. Notices do not count.
    var queuedMessages: Int { requests.count + responses.count + events.count + (members?.responseCount ?? 0) }

    /// The number of requests that were received and not settled.
    var heldRequests: Int { held.count }

    /// The number of events that were received and not settled.
    var unsettledEvents: Int { events.heldCount }

    /// The number of attached receivers, including standbys.
    var attached: Int { receivers.count }
}

// MARK: - Messages that arrive

extension MailboxStateMachine {
    /// Accepts a request, to be delivered at `time` or later. One past its deadline is accepted and answered at once.
    mutating func accept(
        _ request: Request,
        deadline: Instant?,
        notBefore time: Instant? = nil,
        now: Instant
    ) throws(MailboxRefusal) -> Actions {
        if isTerminated { throw .terminated }
        // No user is authenticated within one process.
        var element = RequestQueue.Element(request: request.with(principal: nil), deadline: deadline)
        element.request.attempt = 1
        element.arrival = nextArrival()
        var actions = Actions()
        if let deadline, deadline <= now {
            actions.answers.append(Self.expiry(of: request))
        } else if let time, time > now {
            if let maximumLength, queuedMessages + scheduled.count >= maximumLength { throw .full }
            scheduled.insert(element, at: time)
            actions.alarm = time
        } else if let receiver = nextTaker(), let (waiter, number) = takeWaiter(of: receiver) {
            // A waiting receiver may take the request, so no other request is queued, and no event that it takes.
            actions.wakes.append((waiter, .success(.message(hold(element, by: receiver))), number))
        } else {
            if let maximumLength, queuedMessages >= maximumLength { throw .full }
            let earliest = requests.earliestDeadline
            requests.append(element)
            if let deadline, earliest.map({ deadline < $0 }) ?? true { actions.alarm = deadline }
        }
        return actions
    }

    /// Accepts a response. The answer to a request of this mailbox is accepted even when the mailbox is full.
    mutating func accept(_ response: Response, isAnswer: Bool) throws(MailboxRefusal) -> Actions {
        if isTerminated { throw .terminated }
        var actions = Actions()
        let asker = members?.asker(of: response.tag)
        if let receiver = asker ?? nextWaiting(), let (waiter, number) = takeWaiter(of: receiver) {
            actions.wakes.append((waiter, .success(.message(.response(response))), number))
        } else {
            if !isAnswer, let maximumLength, queuedMessages >= maximumLength { throw .full }
            if let asker { members?.add(response, to: asker) } else { responses.append(response) }
        }
        return actions
    }

    /// Accepts a notice. It is dropped when no receiver is attached.
    mutating func accept(_ notice: Notice) -> Actions {
        if isTerminated || receivers.isEmpty { return Actions() }
        var notice = notice
        notice.principal = nil
        var actions = Actions()
        for receiver in active {
            if let (waiter, number) = takeWaiter(of: receiver) {
                actions.wakes.append((waiter, .success(.message(.notice(notice))), number))
            } else if members != nil {
                members?.add(notice, to: receiver, limit: Self.noticeLimit)
            } else if notices.count < Self.noticeLimit {
                notices.append(notice)
            }
        }
        return actions
    }
}

// MARK: - The receiver

extension MailboxStateMachine {
    /// Attaches a receiver, or adds a standby behind the attached ones. In a group it is one more member.
    ///
    /// - Parameter limit: The maximum number of requests that it holds, if lower than the mailbox's own limit.
    mutating func attach(_ mode: AttachMode, limit: Int? = nil) throws(MailboxRefusal) -> Receiver {
        if isTerminated { throw .terminated }
        if mode == .exclusive, !receivers.isEmpty, members == nil { throw .inUse }
        lastReceiver += 1
        receivers.append(lastReceiver)
        members?.add(lastReceiver)
        limits[lastReceiver] = limit.map { max(1, $0) }
        return lastReceiver
    }

    /// Returns the next message for a receiver. If there is none,
    /// ``wait(_:by:number:deadline:isStanding:takesEvents:)`` may follow before any other event.
    ///
    /// Notices come first, then responses: they never wait behind requests. A standby gets nothing.
    ///
    /// - Parameter takesEvents: Whether events are delivered too, in their order among the requests. Otherwise requests pass
    ///   them.
    mutating func receive(by receiver: Receiver, now: Instant, takesEvents: Bool = false) throws(MailboxRefusal) -> (
        delivery: MailboxDelivery?, actions: Actions
    ) {
        if !receivers.contains(receiver) { throw .closed }
        if isTerminated { throw .terminated }
        if waiting[receiver] != nil { throw .inUse }
        var actions = Actions()
        return (isActive(receiver) ? next(for: receiver, at: now, takesEvents, &actions) : nil, actions)
    }

    /// Registers a receiver that waits for the next message, or, if it is standing, for every message until its end.
    mutating func wait(
        _ waiter: Waiter,
        by receiver: Receiver,
        number: Int,
        deadline: Instant?,
        isStanding: Bool = false,
        takesEvents: Bool = false
    ) {
        waiting[receiver] = Waiting(
            waiter: waiter,
            number: number,
            deadline: deadline,
            isStanding: isStanding,
            takesEvents: takesEvents
        )
    }

    /// Cancels the wait with a number.
    mutating func cancel(_ number: Int) -> Actions {
        wake(.cancelled) { $0.number == number }
    }

    /// Settles a request that the receiver answers.
    mutating func settle(
        _ tag: UUID,
        of requester: EntityID,
        by receiver: Receiver,
        now: Instant
    ) throws(MailboxRefusal) -> (settlement: Settlement, actions: Actions) {
        if !receivers.contains(receiver) { throw .closed }
        if isTerminated { throw .terminated }
        let key = HeldKey(source: requester, tag: tag)
        // A standby holds nothing, and a member of a group only its own requests.
        guard held[key]?.receiver == receiver else {
            return (settled.contains(key) ? .repeated : .foreign, Actions())
        }
        held[key] = nil
        members?.settled(by: receiver)
        settled.insert(key)
        var actions = Actions()
        // A receiver may have waited because it held too many requests.
        serve(at: now, &actions)
        return (.answer, actions)
    }

    /// Puts a request that the receiver holds back until a time. It is then delivered as `request`, with an attempt more.
    mutating func delay(
        _ request: Request,
        by receiver: Receiver,
        until time: Instant,
        now: Instant
    ) throws(MailboxRefusal) -> Actions {
        try checkHeld(request.tag, of: request.source, by: receiver)
        var actions = Actions()
        guard let entry = held.removeValue(forKey: HeldKey(source: request.source, tag: request.tag)) else {
            return actions
        }
        members?.settled(by: receiver)
        var element = RequestQueue.Element(request: request, deadline: entry.element.deadline)
        element.request.attempt += 1
        scheduled.insert(element, at: time)
        serve(at: now, &actions)
        actions.alarm = time
        return actions
    }

    /// Drops the request of a series that waits for its time. It is not answered.
    mutating func endSeries(_ id: UUID) {
        scheduled.removeAll { $0.element.request.seriesID == id }
    }

    /// Checks that the receiver holds the request for which it sends a part.
    func checkHeld(_ tag: UUID, of requester: EntityID, by receiver: Receiver) throws(MailboxRefusal) {
        if !receivers.contains(receiver) { throw .closed }
        if isTerminated { throw .terminated }
        if held[HeldKey(source: requester, tag: tag)]?.receiver != receiver { throw .notHeld }
    }

    /// Records that a member of a group sends a request: the answers go to that member.
    mutating func asks(_ tag: UUID, by receiver: Receiver) {
        members?.asks(tag, by: receiver)
    }

    /// Detaches a receiver. Its held requests are put back in the order of delivery, and a standby, or another member, takes
    /// them.
    mutating func detach(_ receiver: Receiver, now: Instant) -> Actions {
        guard let index = receivers.firstIndex(of: receiver) else { return Actions() }
        receivers.remove(at: index)
        limits[receiver] = nil
        var actions = Actions()
        if let waiting = waiting.removeValue(forKey: receiver) {
            actions.wakes.append((waiting.waiter, .failure(.closed), waiting.given))
        }
        // Answers that it has not received go to any other member, as those of a closed agent go to its next receiver.
        if let unread = members?.remove(receiver) { responses.append(contentsOf: unread) }
        guard index == 0 || members != nil else { return actions }
        notices = []
        if index == 0 { events.putBack() }
        for element in takeHeld(by: receiver).reversed() {
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
    /// Answers the expired requests, delivers scheduled ones at their time, and ends the waits whose timeout has passed.
    mutating func tick(at now: Instant) -> Actions {
        var actions = wake(.timedOut) { $0.deadline.map { $0 <= now } ?? false }
        while var element = scheduled.popFirst(by: now)?.element {
            element.arrival = nextArrival()
            requests.append(element)
        }
        actions.answers = requests.removeExpired(at: now).map(Self.expiry)
        serve(at: now, &actions)
        let next = [requests.earliestDeadline, scheduled.first?.deadline]
        actions.alarm = (waiting.values.map(\.deadline) + next).compactMap { $0 }.min()
        return actions
    }

    /// Ends the mailbox permanently: answers every request in it and drops the responses.
    mutating func terminate() -> Actions {
        if isTerminated { return Actions() }
        isTerminated = true
        var actions = wake(.terminated) { _ in true }
        actions.answers = takeHeld(by: nil).map { Self.termination(of: $0.request) }
        while let element = requests.popFirst() ?? scheduled.popFirst()?.element {
            actions.answers.append(Self.termination(of: element.request))
        }
        responses = []
        notices = []
        members?.clear()
        events = EventQueue()
        return actions
    }
}

// MARK: - Events

extension MailboxStateMachine {
    /// Accepts an event for this slot.
    mutating func accept(_ delivery: EventDelivery) throws(MailboxRefusal) -> Actions {
        if isTerminated { throw .terminated }
        let arrival = nextArrival()
        if let first = receivers.first, canTake(first), takesEvents, let (waiter, number) = takeWaiter(of: first) {
            events.hold(delivery, arrival: arrival)
            return Actions(wakes: [(waiter, .success(.event(delivery)), number)])
        }
        if let maximumLength, queuedMessages >= maximumLength { throw .full }
        events.append(delivery, arrival: arrival)
        return Actions()
    }

    /// Returns whether the receiver holds an event.
    func holdsEvent(_ publication: UUID, by receiver: Receiver) -> Bool {
        receiver == receivers.first && events.holds(publication)
    }

    /// Settles an event that the receiver holds. Does nothing for another one.
    mutating func settle(_ publication: UUID, by receiver: Receiver, now: Instant) -> Actions {
        var actions = Actions()
        guard receiver == receivers.first, events.settle(publication) else { return actions }
        serve(at: now, &actions)
        return actions
    }

    /// Whether the active receiver waits and takes events.
    private var takesEvents: Bool { receivers.first.flatMap { waiting[$0] }?.takesEvents ?? false }

    private mutating func nextArrival() -> Int {
        arrivals += 1
        return arrivals
    }
}

// MARK: - Parts

extension MailboxStateMachine {
    /// Whether a receiver may be handed a request or an event.
    private func canTake(_ receiver: Receiver) -> Bool {
        let load = members.map { $0.load(of: receiver) } ?? held.count
        let eventLoad = receiver == receivers.first ? events.heldCount : 0
        return load + eventLoad < max(1, min(limits[receiver] ?? prefetch, prefetch))
    }

    /// Whether a receiver is served, rather than on standby.
    private func isActive(_ receiver: Receiver) -> Bool { members != nil || receiver == receivers.first }

    /// The receivers that are served.
    private var active: [Receiver] { members?.all ?? receivers.first.map { [$0] } ?? [] }

    /// Returns the receiver that takes the next request at once: the members of a group in turn.
    private mutating func nextTaker() -> Receiver? {
        guard members != nil else { return receivers.first.flatMap { canTake($0) ? $0 : nil } }
        for receiver in active where waiting[receiver] != nil && canTake(receiver) {
            members?.served(receiver)
            return receiver
        }
        return nil
    }

    /// Returns the receiver of a message that concerns no certain one.
    private func nextWaiting() -> Receiver? {
        guard let members else { return receivers.first }
        return members.all.first { waiting[$0] != nil }
    }

    /// Returns the next message to deliver. Answers expired requests on the way to it.
    private mutating func next(
        for receiver: Receiver,
        at now: Instant,
        _ takesEvents: Bool,
        _ actions: inout Actions
    ) -> MailboxDelivery? {
        if let own = members?.next(for: receiver) { return .message(own) }
        if let notice = notices.popFirst() { return .message(.notice(notice)) }
        if let response = responses.popFirst() { return .message(.response(response)) }
        while canTake(receiver) {
            if takesEvents, receiver == receivers.first, let arrival = events.firstArrival,
                requests.firstArrival.map({ arrival < $0 }) ?? true,
                let event = events.takeFirst()
            {
                return .event(event)
            }
            guard let element = requests.popFirst() else { return nil }
            if let deadline = element.deadline, deadline <= now {
                actions.answers.append(Self.expiry(of: element.request))
            } else {
                return .message(hold(element, by: receiver))
            }
        }
        return nil
    }

    /// Holds a delivered request. A second one with the same tag is held together with the first.
    private mutating func hold(_ element: RequestQueue.Element, by receiver: Receiver) -> Message {
        let key = HeldKey(source: element.request.source, tag: element.request.tag)
        deliveries += 1
        if held[key] == nil {
            held[key] = Held(element: element, order: deliveries, receiver: receiver)
            members?.took(receiver)
        }
        return .request(element.request)
    }

    /// Removes and returns the requests that a receiver holds, or all of them, in the order of delivery.
    private mutating func takeHeld(by receiver: Receiver?) -> [RequestQueue.Element] {
        let taken = held.filter { receiver == nil || $0.value.receiver == receiver }
        if taken.count == held.count { held = [:] } else { for key in taken.keys { held[key] = nil } }
        return taken.values.sorted { $0.order < $1.order }.map(\.element)
    }

    /// Returns the waiter of a receiver with the number of its result, and ends its wait unless it is standing.
    private mutating func takeWaiter(of receiver: Receiver) -> (waiter: Waiter, number: Int)? {
        guard let entry = waiting[receiver] else { return nil }
        // A value changed inside a dictionary costs eight allocations, a stored one none.
        waiting[receiver] = entry.isStanding ? entry.next : nil
        return (entry.waiter, entry.given)
    }

    /// Passes messages to the waiting receivers while there are any.
    private mutating func serve(at now: Instant, _ actions: inout Actions) {
        guard members != nil else {
            if let receiver = receivers.first { while serve(receiver, at: now, &actions) {} }
            return
        }
        // One message for each member in turn.
        var left = active
        while !left.isEmpty { left.removeAll { !serve($0, at: now, &actions) } }
    }

    /// Passes one message to a waiting receiver. Returns `false` when there is none, or it does not wait.
    private mutating func serve(_ receiver: Receiver, at now: Instant, _ actions: inout Actions) -> Bool {
        guard let entry = waiting[receiver],
            let delivery = next(for: receiver, at: now, entry.takesEvents, &actions),
            let (waiter, number) = takeWaiter(of: receiver)
        else { return false }
        actions.wakes.append((waiter, .success(delivery), number))
        return true
    }

    /// Ends some of the waits without a message.
    private mutating func wake(_ refusal: MailboxRefusal, where isMeant: (Waiting) -> Bool) -> Actions {
        var actions = Actions()
        for (receiver, waiter) in waiting where isMeant(waiter) {
            waiting[receiver] = nil
            actions.wakes.append((waiter.waiter, .failure(refusal), waiter.given))
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
