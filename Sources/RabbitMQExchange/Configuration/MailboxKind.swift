/// How the broker keeps an agent's mailbox.
public enum MailboxKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// A quorum queue: replicated over the nodes of a cluster, survives the loss of a minority of them, gives a request up
    /// after repeated crashes.
    case replicated
    /// A durable classic queue on one node: faster to declare and lighter, unavailable while its node is down.
    case single
}
