internal import AgentExchange
internal import Foundation
internal import Synchronization

extension ExchangeCore {
    /// Delivers an event to the slot of each subscribed type. Returns whether one of them took it.
    func publish(_ event: Event) throws(ExchangeError) -> Bool {
        var taken = 0
        var full: AgentID?
        let now = Date.now
        for target in topics.withLock({ $0.targets(of: event.topic) }) {
            guard case .active(let slot) = find(.agent(target.slot)) else { continue }
            let delivery = EventDelivery(event: event, subscriptions: target.subscriptions, attempt: 1, published: now)
            do throws(ExchangeError) {
                try slot.deliver(delivery)
                taken += 1
            } catch {
                // A slot that was terminated at this moment is no receiver.
                if error.code == .mailboxFull { full = target.slot }
            }
        }
        guard let full else { return taken > 0 }
        throw ExchangeError(
            .mailboxFull,
            "a slot is full; \(taken) others took the event",
            entity: .agent(full),
            delivery: taken > 0 ? .unknown : .refused
        )
    }

    /// Declares the slots of an agent type, which must be registered agents.
    func declareSlots(_ slots: [AgentID], ofType agentType: String) throws(ExchangeError) {
        if slots.isEmpty { throw ExchangeError(.invalidConfiguration, "an agent type has at least one slot") }
        guard slots.count <= AgentAddress.maximumSlots else {
            let text = "an agent type has at most \(AgentAddress.maximumSlots) slots, not \(slots.count)"
            throw ExchangeError(.invalidConfiguration, text)
        }
        for slot in slots { _ = try mailbox(of: .agent(slot)) }
        topics.withLock { $0.declare(slots, ofType: agentType) }
    }
}
