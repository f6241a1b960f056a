public import Foundation

/// A process to which this one has a direct connection.
public struct DirectPeer: Sendable, Hashable {
    /// The session of the process. Its queue is named `….session.<session>`.
    public let session: UUID

    /// The network address of the other side.
    public let address: String

    /// The number of pairs of mailboxes and directions whose messages go directly to it.
    public let lanes: Int

    /// The number of requests that went to it and have no answer, and of responses that it has not acknowledged.
    public let unanswered: Int
}
