internal import AgentExchange
internal import DequeModule

/// The requests that wait in a mailbox, in order, and which of them expire when.
///
/// Each has a position; an expired request leaves its slot empty, so that the others keep theirs.
struct RequestQueue {
    typealias Instant = ContinuousClock.Instant

    /// A request, and when it may not be delivered any more.
    struct Element {
        var request: Request
        let deadline: Instant?
    }

    private var slots: Deque<Element?> = []
    private var firstPosition = 0
    /// The positions of those that have a deadline.
    private var due = DueQueue<Int>()

    /// How many requests wait.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// When the first of them expires; or earlier, when that one has been taken meanwhile.
    var earliestDeadline: Instant? { due.first?.deadline }

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

    /// Takes the first request.
    mutating func popFirst() -> Element? {
        while let slot = slots.popFirst() {
            firstPosition += 1
            guard let element = slot else { continue }
            count -= 1
            if isEmpty { due = DueQueue() }
            return element
        }
        return nil
    }

    /// Takes all requests that have expired.
    mutating func removeExpired(at now: Instant) -> [Request] {
        var expired: [Request] = []
        while let next = due.popFirst(by: now) {
            let index = next.element - firstPosition
            // The slot may be another's by now: the request was taken, and one was put back in its place.
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
        due = DueQueue()
        for (index, slot) in slots.enumerated() {
            if let deadline = slot?.deadline { due.insert(firstPosition + index, at: deadline) }
        }
    }
}
