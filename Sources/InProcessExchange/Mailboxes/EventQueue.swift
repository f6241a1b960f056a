internal import AgentExchange
internal import DequeModule
internal import Foundation

/// The events of a slot: those that wait, in order, and those that its receiver holds.
struct EventQueue {
    private struct Entry {
        var delivery: EventDelivery
        /// The position among everything that arrived in the mailbox.
        let arrival: Int
    }

    private var waiting: Deque<Entry> = []
    private var held: [UUID: Entry] = [:]

    /// The number of waiting events.
    var count: Int { waiting.count }

    /// The number of events that were received and not settled.
    var heldCount: Int { held.count }

    /// The position of the first waiting event among everything that arrived in the mailbox.
    var firstArrival: Int? { waiting.first?.arrival }

    /// Adds an event at the end.
    mutating func append(_ delivery: EventDelivery, arrival: Int) {
        waiting.append(Entry(delivery: delivery, arrival: arrival))
    }

    /// Holds an event that did not have to wait.
    mutating func hold(_ delivery: EventDelivery, arrival: Int) {
        held[delivery.event.publicationID] = Entry(delivery: delivery, arrival: arrival)
    }

    /// Returns the first waiting event, and holds it.
    mutating func takeFirst() -> EventDelivery? {
        guard let entry = waiting.popFirst() else { return nil }
        held[entry.delivery.event.publicationID] = entry
        return entry.delivery
    }

    /// Returns whether an event is held.
    func holds(_ publication: UUID) -> Bool { held[publication] != nil }

    /// Settles a held event. Returns whether there was one.
    mutating func settle(_ publication: UUID) -> Bool {
        held.removeValue(forKey: publication) != nil
    }

    /// Puts the held events back in front of the waiting ones, in order, as another attempt.
    mutating func putBack() {
        for entry in held.values.sorted(by: { $0.arrival > $1.arrival }) {
            var entry = entry
            entry.delivery.attempt += 1
            waiting.prepend(entry)
        }
        held = [:]
    }
}
