/// The number of transports that an exchange serves from one agent's mailbox at a time.
///
/// It is set when the agent is registered, and does not change.
public enum MailboxSharing: String, Sendable, Hashable, Codable {
    /// One transport receives; others stand by.
    case exclusive
    /// The agent is a *work group*: any number of transports, in one process or many, are its members, and each request is
    /// handed to one that has room.
    ///
    /// A member that closes or dies gives its unanswered requests to the others. There is no order between requests that
    /// different members take. A notice reaches every member, an answer the member that asked, a broadcast one member.
    case group
}
