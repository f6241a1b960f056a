internal import AgentExchange
internal import Synchronization

extension Mailbox {
    /// Delivers an event to this slot.
    func deliver(_ delivery: EventDelivery) throws(ExchangeError) {
        do throws(MailboxRefusal) {
            perform(
                try box.machine.withLock { machine throws(MailboxRefusal) in try machine.accept(delivery) }
            )
        } catch {
            throw refusal(error)
        }
    }

    /// Settles an event that the receiver holds.
    func settle(_ delivery: EventDelivery, by receiver: Machine.Receiver) {
        perform(box.machine.withLock { $0.settle(delivery.event.publicationID, by: receiver, now: .now) })
    }
}
