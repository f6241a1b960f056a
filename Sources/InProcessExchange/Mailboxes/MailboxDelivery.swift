internal import AgentExchange

/// Something that a mailbox hands to its receiver.
enum MailboxDelivery: Sendable {
    case message(Message)
    /// An event, for the receiver of a slot.
    case event(EventDelivery)
}
