public import AgentExchange
internal import Foundation
internal import Synchronization

/// An event whose handler failed, of an agent type that parks such events.
public struct ParkedEvent: Sendable {
    /// The event, as its slot was handed it.
    public let delivery: EventDelivery

    /// The slot that it was handed to.
    public let slot: AgentID

    /// The reason, with at most 1,000 bytes.
    public let reason: String

    init(delivery: EventDelivery, slot: AgentID, reason: String) {
        self.delivery = delivery
        self.slot = slot
        self.reason = reason.cut(toBytes: 1000)
    }

    /// A delivery of the same event as a new publication.
    var renewed: EventDelivery? {
        let event = delivery.event
        let renewed = try? Event(
            event.topic,
            dataType: event.dataType,
            payload: event.payload,
            id: event.id,
            sender: event.sender,
            context: event.context
        )
        guard let renewed else { return nil }
        return EventDelivery(event: renewed, subscriptions: delivery.subscriptions, attempt: 1, published: .now)
    }
}

/// The parked events of an exchange, oldest first.
struct ParkedEvents: Sendable {
    /// The most events that are kept. Beyond it the oldest is dropped.
    static let limit = 1000

    private(set) var events: [ParkedEvent] = []

    /// Adds an event. Returns whether another one was dropped for it.
    mutating func add(_ event: ParkedEvent) -> Bool {
        events.append(event)
        guard events.count > Self.limit else { return false }
        events.removeFirst()
        return true
    }

    /// Removes and returns all events.
    mutating func takeAll() -> [ParkedEvent] {
        defer { events = [] }
        return events
    }
}

extension ExchangeCore {
    /// Puts an event aside.
    func park(_ event: ParkedEvent) {
        ExchangeMetrics.current.count(.parked)
        guard parked.withLock({ $0.add(event) }) else { return }
        ExchangeMetrics.current.count(.eventsDropped, [.reason("parked-full")])
    }

    /// Sends the parked events to their slots again, each as a new publication. Those of a slot that takes none stay parked.
    func replayParked() -> Int {
        let events = parked.withLock { $0.takeAll() }
        var count = 0
        for event in events {
            if case .active(let slot) = find(.agent(event.slot)), let delivery = event.renewed,
                (try? slot.deliver(delivery)) != nil
            {
                count += 1
            } else {
                parked.withLock { _ = $0.add(event) }
            }
        }
        return count
    }
}

extension InProcessExchange {
    /// The events whose handlers failed, of agent types that park such events, oldest first. The exchange keeps the latest 1,000.
    public var parkedEvents: [ParkedEvent] { core.parked.withLock { $0.events } }

    /// Sends the parked events to their slots again, each as a new publication with the same identifier. Those of a slot that was
    /// terminated or is full stay parked.
    ///
    /// - Returns: The number of events that were sent.
    @discardableResult
    public func replayParkedEvents() -> Int { core.replayParked() }
}
