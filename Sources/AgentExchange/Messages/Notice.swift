public import Foundation

/// A hint about a request that is under way, from its requester to the agent.
///
/// A notice overtakes everything that waits in the mailbox, and may be lost: whoever sends it must not depend on it, or
/// send it again. Those that stand for a request are answered with the response to that request.
public struct Notice: Sendable, Hashable {
    /// The requester.
    public let source: EntityID

    /// The agent that has the request.
    public let destination: EntityID

    /// The tag of the request.
    public let tag: UUID

    /// The label of the request, where the notice wants an answer.
    public let label: UUID?

    /// What it says.
    public let body: Body

    /// The version that the sender speaks.
    public let protocolVersion: ProtocolVersion

    /// Who was authenticated as the sender: see ``Request/principal``. Set by the exchange that delivers the notice. It does
    /// not count when notices are compared, and is no part of their JSON form.
    public var principal: String?

    /// What a notice says.
    public enum Body: Sendable, Hashable {
        /// The requester takes parts of a streamed result up to this number of them, counted from the first.
        case credit(Int)
        /// The requester does not wait any more.
        case cancel
        /// The requester has sent a ping, which may wait behind other requests: it can be answered at once.
        case ping
        /// The requester wants the agent to stop: that can be answered at once. When no answer comes, it sends the request.
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

    /// Whether all parts are equal. Who was authenticated does not count.
    public static func == (left: Notice, right: Notice) -> Bool {
        (left.tag, left.label, left.source, left.destination) == (
            right.tag, right.label, right.source, right.destination
        )
            && (left.body, left.protocolVersion) == (right.body, right.protocolVersion)
    }

    /// Hashes what tells notices apart: their source, tag and body.
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
        case .shutdown: .shutdownNotice
        }
    }
}
