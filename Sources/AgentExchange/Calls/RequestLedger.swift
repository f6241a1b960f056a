internal import Foundation
internal import Primitives

/// The end of a request, as its caller sees it.
enum RequestEnding: Sendable {
    case response(Response)
    /// The request could not be sent, as far as is known.
    case failed(ExchangeError)
    case deadlineExceeded
    case cancelled
    case closed
}

/// The requests that a client sent: a pure state machine, without I/O or a clock.
///
/// Each request ends once: by its response, its deadline, the cancellation of its caller, or the end of the client.
/// Later responses to the same request are recognized and dropped.
struct RequestLedger<Waiter> {
    /// The state of a request.
    private enum State {
        /// Sent or being sent; its caller does not wait yet.
        case open
        /// A caller waits.
        case waiting(Waiter)
        /// It ended before its caller started to wait.
        case ended(RequestEnding)
    }

    /// The action to take for a response.
    enum Arrival {
        /// Resume this caller.
        case resume(Waiter)
        /// The caller does not wait yet; the response is kept.
        case kept
        /// The request has ended: the answer is late or a duplicate.
        case late
        /// No handle with this label sent a request with this tag to the responding entity.
        case unexpected
    }

    /// A class, so that entries are changed in place and never copied.
    private final class Entry {
        let label: UUID?
        /// The only entity whose answer counts.
        let destination: EntityID
        let deadline: ContinuousClock.Instant
        var state = State.open
        /// Whether the outcome of the send is unknown: only the outcome or an answer then ends the request.
        var isOnItsWay: Bool
        /// The first event that ended the request while it was being sent. It takes effect when the send has ended.
        var postponed: RequestEnding?

        init(_ request: Request, deadline: ContinuousClock.Instant, isOnItsWay: Bool) {
            label = request.label
            destination = request.destination
            self.deadline = deadline
            self.isOnItsWay = isOnItsWay
        }
    }

    /// The action to take when a caller is cancelled.
    enum Cancellation {
        case none
        /// Resume the caller.
        case resume(Waiter)
        /// Withdraw the message, which is on its way. The outcome of the send then ends the request.
        case withdraw
    }

    private var entries: [UUID: Entry] = [:]
    private var due = DeadlineQueue<UUID>()
    private var finished = RecentSet<UUID>(capacity: 4096)
    private(set) var isClosed = false

    /// The number of requests that have not ended.
    var openCount: Int { entries.count }

    /// The earliest deadline. It may belong to a request that has ended.
    var nextDeadline: ContinuousClock.Instant? { due.first?.deadline }

    /// Opens a request before it is sent. Returns `false` when the client is closed or the tag is in use.
    ///
    /// - Parameter isPosted: Whether ``sent(_:_:)`` tells the outcome of the send.
    mutating func open(
        _ request: Request,
        deadline: ContinuousClock.Instant,
        isPosted: Bool = false
    ) -> Bool {
        let tag = request.tag
        guard !isClosed, entries[tag] == nil, !finished.contains(tag) else { return false }
        entries[tag] = Entry(request, deadline: deadline, isOnItsWay: isPosted)
        due.insert(tag, at: deadline)
        if due.count > 2 * entries.count + 1024 { due.removeAll { entries[$0.element] == nil } }
        return true
    }

    /// Drops a request that could not be sent, as far as is known. An answer to it counts as late.
    mutating func abandon(_ tag: UUID) {
        if entries.removeValue(forKey: tag) != nil { finished.insert(tag) }
    }

    /// Records the outcome of the send. Returns the caller and the ending if the caller is to be resumed.
    mutating func sent(_ tag: UUID, _ error: ExchangeError?) -> (Waiter, RequestEnding)? {
        guard let entry = entries[tag], entry.isOnItsWay else { return nil }
        entry.isOnItsWay = false
        guard let ending = error.map(RequestEnding.failed) ?? entry.postponed else { return nil }
        if case .resumed(let waiter) = end(tag, ending) { return (waiter, ending) }
        return nil
    }

    /// Registers the waiting caller. Returns the ending if the request has already ended.
    mutating func wait(_ tag: UUID, _ waiter: Waiter) -> RequestEnding? {
        guard let entry = entries[tag] else { return .closed }
        if case .ended(let ending) = entry.state {
            entries[tag] = nil
            return ending
        }
        entry.state = .waiting(waiter)
        return nil
    }

    /// Records a response.
    mutating func respond(_ response: Response) -> Arrival {
        guard let entry = entries[response.tag] else {
            return finished.contains(response.tag) ? .late : .unexpected
        }
        // A part ends nothing: this ledger holds only requests without streams.
        guard entry.label == response.label, entry.destination == response.source, response.isTerminal else {
            return .unexpected
        }
        return switch end(response.tag, .response(response)) {
        case .resumed(let waiter): .resume(waiter)
        case .kept: .kept
        case .none: .late
        }
    }

    /// Records the cancellation of the caller.
    mutating func cancel(_ tag: UUID) -> Cancellation {
        if postpone(tag, .cancelled) { return .withdraw }
        if case .resumed(let waiter) = end(tag, .cancelled) { return .resume(waiter) }
        return .none
    }

    /// Returns whether the message is still on its way. If so, `ending` takes effect when its outcome is known.
    private mutating func postpone(_ tag: UUID, _ ending: RequestEnding) -> Bool {
        guard let entry = entries[tag] else { return false }
        if case .ended = entry.state { return false }
        guard entry.isOnItsWay else { return false }
        if entry.postponed == nil { entry.postponed = ending }
        return true
    }

    /// Ends the requests that are due and returns their callers.
    mutating func expire(at now: ContinuousClock.Instant) -> [Waiter] {
        var waiters: [Waiter] = []
        while let next = due.popFirst(by: now) {
            guard let entry = entries[next.element], entry.deadline == next.deadline else { continue }
            if postpone(next.element, .deadlineExceeded) { continue }
            if case .resumed(let waiter) = end(next.element, .deadlineExceeded) { waiters.append(waiter) }
        }
        return waiters
    }

    /// Ends all requests and refuses new ones. Returns the waiting callers.
    mutating func close() -> [Waiter] {
        isClosed = true
        var waiters: [Waiter] = []
        for tag in Array(entries.keys) {
            if case .resumed(let waiter) = end(tag, .closed) { waiters.append(waiter) }
        }
        due = DeadlineQueue()
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
