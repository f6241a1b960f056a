public import Foundation

/// A hint about a request in progress, from its requester to the agent.
///
/// A notice overtakes the messages that wait in the mailbox, and may be lost. The sender must not depend on it, or must
/// repeat it. A notice that carries a request is answered with the response to that request.
public struct Notice: Sendable, Hashable {
    /// The requester.
    public let source: EntityID

    /// The agent that has the request.
    public let destination: EntityID

    /// The tag of the request.
    public let tag: UUID

    /// The label of the request, if the notice requires an answer.
    public let label: UUID?

    /// The content of the notice.
    public let body: Body

    /// The sender's protocol version.
    public let protocolVersion: ProtocolVersion

    /// The authenticated sender: see ``Request/principal``. The exchange that delivers the notice sets it. Comparisons and
    /// the JSON form leave it out.
    public var principal: String?

    /// The content of a notice.
    public enum Body: Sendable, Hashable {
        /// The requester takes this many parts of a streamed result, counted from the first.
        case credit(Int)
        /// The requester stopped waiting.
        case cancel
        /// The requester sent a ping that may wait behind other requests. The agent may answer it at once.
        case ping
        /// The requester asked for the activity. The agent may answer at once.
        case activity
        /// The requester wants the agent to stop. The agent may answer at once; if no answer comes, the requester sends
        /// a request.
        case shutdown(terminate: Bool?)
    }

    /// Makes a notice.
    public init(
        from source: EntityID,
        to destination: EntityID,
        tag: UUID,
        label: UUID? = nil,
        protocolVersion: ProtocolVersion = .current,
        _ body: Body
    ) {
        self.source = source
        self.destination = destination
        self.tag = tag
        self.label = label
        self.body = body
        self.protocolVersion = protocolVersion
    }

    /// Returns whether all parts except the principal are equal.
    public static func == (left: Notice, right: Notice) -> Bool {
        (left.tag, left.label, left.source, left.destination) == (
            right.tag, right.label, right.source, right.destination
        )
            && (left.body, left.protocolVersion) == (right.body, right.protocolVersion)
    }

    /// Hashes the source, tag and body.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(source)
        hasher.combine(tag)
        hasher.combine(body)
    }

    /// The kind of the message.
    public var kind: MessageKind {
        switch body {
        case .credit: .creditNotice
        case .cancel: .cancelNotice
        case .ping: .pingNotice
        case .activity: .activityNotice
        case .shutdown: .shutdownNotice
        }
    }
}
