internal import AgentExchange
internal import DequeModule
internal import Primitives

/// The waiting requests of a mailbox in order, with their deadlines.
///
/// Each has a position; an expired request leaves its slot empty, so that the others keep theirs.
struct RequestQueue {
    typealias Instant = ContinuousClock.Instant

    /// A request, and the time after which it must not be delivered.
    struct Element {
        var request: Request
        let deadline: Instant?
        /// The position among everything that arrived in the mailbox.
        var arrival = 0
    }

    private var slots: Deque<Element?> = []
    private var firstPosition = 0
    /// The positions of the requests with a deadline.
    private var due = DeadlineQueue<Int>()

    /// The number of waiting requests.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// The earliest deadline. It may belong to a request that was taken meanwhile.
    var earliestDeadline: Instant? { due.first?.deadline }

    /// The position of the first request among everything that arrived in the mailbox.
    var firstArrival: Int? {
        mutating get {
            while let first = slots.first {
                if let element = first { return element.arrival }
                slots.removeFirst()
                firstPosition += 1
            }
            return nil
        }
    }

    /// Adds a request at the end.
    mutating func append(_ element: Element) {
        slots.append(element)
        count += 1
        watch(element, at: firstPosition + slots.count - 1)
    }

    /// Adds a request at the front.
    mutating func prepend(_ element: Element) {
        slots.prepend(element)
        firstPosition -= 1
        count += 1
        watch(element, at: firstPosition)
    }

    /// Removes and returns the first request.
    mutating func popFirst() -> Element? {
        while let slot = slots.popFirst() {
            firstPosition += 1
            guard let element = slot else { continue }
            count -= 1
            if isEmpty { due = DeadlineQueue() }
            return element
        }
        return nil
    }

    /// Removes and returns all expired requests.
    mutating func removeExpired(at now: Instant) -> [Request] {
        var expired: [Request] = []
        while let next = due.popFirst(by: now) {
            let index = next.element - firstPosition
            // The slot may hold another request by now: the first one was taken, and another put back in its place.
            guard slots.indices.contains(index), let element = slots[index],
                let deadline = element.deadline, deadline <= now
            else { continue }
            slots[index] = nil
            count -= 1
            expired.append(element.request)
        }
        if isEmpty { slots.removeAll() }
        return expired
    }

    private mutating func watch(_ element: Element, at position: Int) {
        guard let deadline = element.deadline else { return }
        due.insert(position, at: deadline)
        if due.count > 2 * count + 1024 { rebuildDue() }
    }

    private mutating func rebuildDue() {
        due = DeadlineQueue()
        for (index, slot) in slots.enumerated() {
            if let deadline = slot?.deadline { due.insert(firstPosition + index, at: deadline) }
        }
    }
}
