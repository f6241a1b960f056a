/// Whether a mailbox takes messages.
public enum MailboxStatus: String, Sendable, Hashable, Codable {
    /// There never was such a mailbox.
    case missing
    /// It takes messages.
    case active
    /// It was terminated, for good.
    case terminated
}

/// The state of a mailbox, with figures.
public struct MailboxDetails: Sendable, Hashable, Codable {
    /// Whether it takes messages.
    public let status: MailboxStatus

    /// Messages that wait in it and have not been handed to a receiver. Those received and not answered do not count.
    public let queuedMessages: Int

    /// Attached receivers. Those on standby are included where the exchange can count them: on RabbitMQ's replicated
    /// mailboxes only the one that is served is.
    public let attachedConsumers: Int

    /// Makes details.
    public init(status: MailboxStatus, queuedMessages: Int = 0, attachedConsumers: Int = 0) {
        self.status = status
        self.queuedMessages = queuedMessages
        self.attachedConsumers = attachedConsumers
    }
}
