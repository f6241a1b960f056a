internal import AMQP
internal import AgentExchange
internal import DequeModule
internal import Foundation
internal import Synchronization

/// The events that a mailbox's receiver holds. Each stands among the held requests as a request of the kind `event`, so that
/// holds, copies and attempts are those of requests.
final class EventShelf: Sendable {
    private struct Entry {
        let request: Request
        let delivery: EventDelivery
    }

    private let entries = Mutex<[UUID: Entry]>([:])
    /// The events without a taker, in order, until they are set aside; and whether a task does that.
    private let untaken = Mutex<(deliveries: Deque<Delivery>, isMoving: Bool)>(([], false))

    /// Adds an event to be set aside. Returns whether a task has to be started for it.
    func addUntaken(_ delivery: Delivery) -> Bool {
        untaken.withLock { untaken in
            untaken.deliveries.append(delivery)
            defer { untaken.isMoving = true }
            return !untaken.isMoving
        }
    }

    /// Returns the next event to be set aside; `nil` ends the task.
    func nextUntaken() -> Delivery? {
        untaken.withLock { untaken in
            let next = untaken.deliveries.popFirst()
            if next == nil { untaken.isMoving = false }
            return next
        }
    }

    /// Adds an event that is held from now on.
    func add(_ delivery: EventDelivery, as request: Request) {
        entries.withLock { $0[request.tag] = Entry(request: request, delivery: delivery) }
    }

    /// Returns the event of a held request.
    func delivery(of request: Request) -> EventDelivery? {
        entries.withLock { $0[request.tag]?.delivery }
    }

    /// Returns the request that stands for an event.
    func request(_ publication: UUID) -> Request? {
        entries.withLock { $0[publication]?.request }
    }

    /// Removes an event, and returns the request that stands for it.
    func take(_ publication: UUID) -> Request? {
        entries.withLock { $0.removeValue(forKey: publication)?.request }
    }

    /// Removes the events whose requests satisfy a condition.
    func removeAll(where condition: (Request) -> Bool) {
        entries.withLock { entries in entries = entries.filter { !condition($0.value.request) } }
    }
}
