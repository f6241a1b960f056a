public import Foundation

/// A hint about a request that is under way, from its requester to the agent.
///
/// A notice overtakes everything that waits in the mailbox, is not answered, and may be lost: whoever sends it must not
/// depend on it, or send it again.
public struct Notice: Sendable, Hashable {
    /// The requester.
    public let source: EntityID

    /// The agent that has the request.
    public let destination: EntityID

    /// The tag of the request.
    public let tag: UUID

    /// What it says.
    public let body: Body

    /// The version that the sender speaks.
    public let protocolVersion: ProtocolVersion

    /// What a notice says.
    public enum Body: Sendable, Hashable {
        /// The requester takes parts of a streamed result up to this number of them, counted from the first.
        case credit(Int)
        /// The requester does not wait any more.
        case cancel
    }

    /// Makes a notice.
    public init(
        from source: EntityID,
        to destination: EntityID,
        tag: UUID,
        protocolVersion: ProtocolVersion = .current,
        _ body: Body
    ) {
        self.source = source
        self.destination = destination
        self.tag = tag
        self.body = body
        self.protocolVersion = protocolVersion
    }

    /// The kind of the message.
    public var kind: MessageKind {
        switch body {
        case .credit: .creditNotice
        case .cancel: .cancelNotice
        }
    }
}
