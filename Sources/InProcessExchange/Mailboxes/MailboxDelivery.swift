internal import AgentExchange

/// Something that a mailbox hands to its receiver.
enum MailboxDelivery: Sendable {
    case message(Message)
    /// An event, for the receiver of a slot. Indirect, because it is ten times as large as a message.
    indirect case event(EventDelivery)
}
