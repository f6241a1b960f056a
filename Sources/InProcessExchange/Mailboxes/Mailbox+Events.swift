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

    /// Settles an event that the receiver holds. Returns whether it held the event.
    func settle(_ delivery: EventDelivery, by receiver: Machine.Receiver) -> Bool {
        let (isSettled, actions) = box.machine.withLock { machine in
            let isHeld = machine.holdsEvent(delivery.event.publicationID, by: receiver)
            return (isHeld, machine.settle(delivery.event.publicationID, by: receiver, now: .now))
        }
        perform(actions)
        return isSettled
    }
}
