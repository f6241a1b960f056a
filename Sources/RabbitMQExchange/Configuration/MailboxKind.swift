/// The kind of queue behind an agent's mailbox.
public enum MailboxKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// A quorum queue: replicated over the nodes of a cluster. It survives the loss of a minority of them, and gives up
    /// a request after repeated crashes.
    case replicated
    /// A durable classic queue on one node: faster to declare and lighter, but unavailable while its node is down.
    case single
}
