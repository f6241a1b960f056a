/// The reason that a peer takes no messages from a lane.
enum Refusal: UInt8, Sendable, Hashable {
    /// The agent can't hand out the message now. It waits on the broker.
    case busy = 1
    /// The peer is not the proven consumer of the mailbox, its lease is over, or it closes.
    case notOwner = 2
    /// The mailbox was terminated.
    case terminated = 3
}
