/// The state of a mailbox.
public enum MailboxStatus: String, Sendable, Hashable, Codable {
    /// The mailbox never existed.
    case missing
    /// The mailbox accepts messages.
    case active
    /// The mailbox was terminated, permanently.
    case terminated
}

/// The state of a mailbox, with the number of messages and receivers.
public struct MailboxDetails: Sendable, Hashable, Codable {
    /// The state of the mailbox.
    public let status: MailboxStatus

    /// The number of messages in the mailbox that have not been handed to a receiver. Received and unanswered requests
    /// do not count.
    public let queuedMessages: Int

    /// The number of attached receivers. Standbys are included if the exchange can count them: on RabbitMQ's replicated
    /// mailboxes only the active receiver counts.
    public let attachedConsumers: Int

    /// The number of unanswered requests that the owner took past the broker, which does not know of them. `nil` when the
    /// exchange has no direct way, and when no owner told it in time.
    public var directRequests: Int?

    /// Makes details.
    public init(
        status: MailboxStatus,
        queuedMessages: Int = 0,
        attachedConsumers: Int = 0,
        directRequests: Int? = nil
    ) {
        self.status = status
        self.queuedMessages = queuedMessages
        self.attachedConsumers = attachedConsumers
        self.directRequests = directRequests
    }
}
