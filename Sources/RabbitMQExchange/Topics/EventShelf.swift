internal import AgentExchange
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

    /// Adds an event that is held from now on.
    func add(_ delivery: EventDelivery, as request: Request) {
        entries.withLock { $0[request.tag] = Entry(request: request, delivery: delivery) }
    }

    /// Returns the event of a held request.
    func delivery(of request: Request) -> EventDelivery? {
        entries.withLock { $0[request.tag]?.delivery }
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
