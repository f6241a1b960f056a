/// The reason that messages of a lane with a connection go through the broker.
enum Fallback: String, Sendable, Hashable, CaseIterable {
    /// The peer refused them: its agent can't hand them out now.
    case busy
    /// The peer refused them: it is not the proven consumer of the mailbox.
    case notOwner = "not-owner"
    /// The peer refused them: the mailbox was terminated.
    case terminated
    /// The connection ended, or the mailbox has another owner.
    case lost
    /// They were kept back for too long, for an acknowledgement or for a marker.
    case waited
    /// They are larger than the peer or the window takes, or than the room for kept messages.
    case size
    /// A broadcast or an event goes through the broker, and they are ahead of it.
    case broadcast
}

extension Refusal {
    /// The fallback of its sender.
    var fallback: Fallback {
        switch self {
        case .busy: .busy
        case .notOwner: .notOwner
        case .terminated: .terminated
        }
    }

    /// The reason as text, for metrics.
    var reason: String { fallback.rawValue }
}
