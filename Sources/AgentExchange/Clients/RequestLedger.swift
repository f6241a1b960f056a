internal import Foundation

/// How a request ended for its caller.
enum RequestEnding: Sendable {
    case response(Response)
    /// It could not be sent, as far as is known.
    case failed(ExchangeError)
    case deadlineExceeded
    case cancelled
    case closed
}

/// What a client knows of the requests it sent: a pure state machine, without I/O or a clock.
///
/// Each request ends once: by its response, its deadline, the cancellation of its caller, or the end of the client.
/// What comes later for the same request is recognised and dropped.
struct RequestLedger<Waiter> {
    /// What a request waits for, or has got.
    private enum State {
        /// Sent or being sent; nobody waits yet.
        case open
        /// A caller waits.
        case waiting(Waiter)
        /// It ended before its caller came to wait.
        case ended(RequestEnding)
    }

    /// What is to be done with a response.
    enum Arrival {
        /// Resume this caller.
        case resume(Waiter)
        /// Nobody waits yet; it is kept.
        case kept
        /// The request ended before: a late or second answer.
        case late
        /// No handle with this label sent a request with this tag to the entity that answers.
        case unexpected
    }

    /// An object: it is changed where it is, and never copied.
    private final class Entry {
        let label: UUID?
        /// The only entity whose answer counts.
        let destination: EntityID
        let deadline: ContinuousClock.Instant
        var state = State.open
        /// The message, where it is said what became of it. Until then only that, or an answer, ends the request.
        var sending: Sending?
        /// What ends it when it was sent: the first thing that happened meanwhile.
        var postponed: RequestEnding?

        init(_ request: Request, deadline: ContinuousClock.Instant, sending: Sending?) {
            label = request.label
            destination = request.destination
            self.deadline = deadline
            self.sending = sending
        }
    }

    /// What the cancellation of a caller needs.
    enum Cancellation {
        case none
        /// Resume it.
        case resume(Waiter)
        /// The message is on its way: stop that. What became of it then ends the request.
        case withdraw
    }

    private var entries: [UUID: Entry] = [:]
    private var due = DueQueue<UUID>()
    private var finished = RecentSet<UUID>(capacity: 4096)
    private(set) var isClosed = false

    /// Requests that have not ended.
    var openCount: Int { entries.count }

    /// The earliest deadline, or one of a request that has ended meanwhile.
    var nextDeadline: ContinuousClock.Instant? { due.first?.deadline }

    /// A request is about to be sent. `false` when the client is closed or the tag is in use.
    ///
    /// - Parameter sending: The message, when ``sent(_:_:)`` follows.
    mutating func open(
        _ request: Request,
        deadline: ContinuousClock.Instant,
        sending: Sending? = nil
    ) -> Bool {
        let tag = request.tag
        guard !isClosed, entries[tag] == nil, !finished.contains(tag) else { return false }
        entries[tag] = Entry(request, deadline: deadline, sending: sending)
        due.insert(tag, at: deadline)
        if due.count > 2 * entries.count + 1024 { due.removeAll { entries[$0.element] == nil } }
        return true
    }

    /// The request could not be sent, as far as is known: nobody waits for it, and an answer to it is late.
    mutating func abandon(_ tag: UUID) {
        if entries.removeValue(forKey: tag) != nil { finished.insert(tag) }
    }

    /// It is known what became of the message. Returns the caller and the ending when that is to be resumed.
    mutating func sent(_ tag: UUID, _ error: ExchangeError?) -> (Waiter, RequestEnding)? {
        guard let entry = entries[tag], entry.sending != nil else { return nil }
        entry.sending = nil
        guard let ending = error.map(RequestEnding.failed) ?? entry.postponed else { return nil }
        if case .resumed(let waiter) = end(tag, ending) { return (waiter, ending) }
        return nil
    }

    /// The caller waits. Returns the ending when the request has ended already.
    mutating func wait(_ tag: UUID, _ waiter: Waiter) -> RequestEnding? {
        guard let entry = entries[tag] else { return .closed }
        if case .ended(let ending) = entry.state {
            entries[tag] = nil
            return ending
        }
        entry.state = .waiting(waiter)
        return nil
    }

    /// A response arrived.
    mutating func respond(_ response: Response) -> Arrival {
        guard let entry = entries[response.tag] else {
            return finished.contains(response.tag) ? .late : .unexpected
        }
        // A part ends nothing: whoever waits here asked for no stream.
        guard entry.label == response.label, entry.destination == response.source, response.isTerminal else {
            return .unexpected
        }
        return switch end(response.tag, .response(response)) {
        case .resumed(let waiter): .resume(waiter)
        case .kept: .kept
        case .none: .late
        }
    }

    /// The caller was cancelled.
    mutating func cancel(_ tag: UUID) -> Cancellation {
        if postpone(tag, .cancelled) { return .withdraw }
        if case .resumed(let waiter) = end(tag, .cancelled) { return .resume(waiter) }
        return .none
    }

    /// Whether a message is still on its way: then the request ends when that is known.
    private mutating func postpone(_ tag: UUID, _ ending: RequestEnding) -> Bool {
        guard let entry = entries[tag] else { return false }
        if case .ended = entry.state { return false }
        guard let sending = entry.sending, sending.wait() else { return false }
        if entry.postponed == nil { entry.postponed = ending }
        return true
    }

    /// Time passed: returns the callers whose deadline is over.
    mutating func expire(at now: ContinuousClock.Instant) -> [Waiter] {
        var waiters: [Waiter] = []
        while let next = due.popFirst(by: now) {
            guard let entry = entries[next.element], entry.deadline == next.deadline else { continue }
            if postpone(next.element, .deadlineExceeded) { continue }
            if case .resumed(let waiter) = end(next.element, .deadlineExceeded) { waiters.append(waiter) }
        }
        return waiters
    }

    /// The client ends: returns everyone who waits. Nothing can be opened afterwards.
    mutating func close() -> [Waiter] {
        isClosed = true
        var waiters: [Waiter] = []
        for tag in Array(entries.keys) {
            if case .resumed(let waiter) = end(tag, .closed) { waiters.append(waiter) }
        }
        due = DueQueue()
        return waiters
    }

    private enum End {
        case resumed(Waiter)
        case kept
        case none
    }

    private mutating func end(_ tag: UUID, _ ending: RequestEnding) -> End {
        guard let entry = entries[tag] else { return .none }
        switch entry.state {
        case .waiting(let waiter):
            entries[tag] = nil
            finished.insert(tag)
            return .resumed(waiter)
        case .open:
            entry.state = .ended(ending)
            finished.insert(tag)
            return .kept
        case .ended:
            return .none
        }
    }
}
