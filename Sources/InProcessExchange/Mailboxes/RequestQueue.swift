internal import AgentExchange
internal import DequeModule
internal import HeapModule

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

    private struct Due: Comparable {
        let deadline: Instant
        let position: Int

        static func < (left: Due, right: Due) -> Bool { left.deadline < right.deadline }
        static func == (left: Due, right: Due) -> Bool { left.deadline == right.deadline }
    }

    private var slots: Deque<Element?> = []
    private var firstPosition = 0
    private var due = Heap<Due>()

    /// How many requests wait.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// When the first of them expires; or earlier, when that one has been taken meanwhile.
    var earliestDeadline: Instant? { due.min?.deadline }

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
            if isEmpty { due = Heap() }
            return element
        }
        return nil
    }

    /// Takes all requests that have expired.
    mutating func removeExpired(at now: Instant) -> [Request] {
        var expired: [Request] = []
        while let next = due.min, next.deadline <= now {
            due.removeMin()
            let index = next.position - firstPosition
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
        due.insert(Due(deadline: deadline, position: position))
        if due.count > 2 * count + 1024 { rebuildDue() }
    }

    private mutating func rebuildDue() {
        due = Heap(
            slots.indices.compactMap { index in
                slots[index]?.deadline.map { Due(deadline: $0, position: firstPosition + index) }
            }
        )
    }
}
