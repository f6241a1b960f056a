public import Foundation

/// A request to all agents of a type: one message, which each of them answers.
public struct Broadcast: Sendable, Hashable {
    /// Who asks, and where the responses go.
    public let source: EntityID

    /// The name of the type whose agents are asked.
    public let typeName: String

    /// Whether agents of descending types are asked too.
    public let allowSubtypes: Bool

    /// What identifies the request; every response carries the same tag.
    public let tag: UUID

    /// Tells handles apart that share the mailbox of `source`.
    public let label: UUID?

    /// When the requester stops waiting, by the wall clock, in whole milliseconds.
    public let deadline: Date?

    /// What is asked.
    public let body: Request.Body

    /// What travels beside the request, such as the context of a trace.
    public var context: [String: String]

    /// Who waits for the answers besides the source.
    package var path = CallPath()

    /// Makes a broadcast; without a tag, with a new one.
    public init(
        from source: EntityID,
        toAgentsOf typeName: String,
        allowSubtypes: Bool = true,
        tag: UUID = UUID(),
        label: UUID? = nil,
        deadline: Date? = nil,
        context: [String: String] = [:],
        _ body: Request.Body
    ) {
        self.source = source
        self.typeName = typeName
        self.allowSubtypes = allowSubtypes
        self.tag = tag
        self.label = label
        self.deadline = deadline.map { Date(millisecondsSince1970: $0.millisecondsSince1970) }
        self.context = context
        self.body = body
    }

    /// The request that one of the agents receives.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the body is not valid.
    public func request(to agent: AgentID) throws(ExchangeError) -> Request {
        try Request(
            from: source,
            to: .agent(agent),
            tag: tag,
            label: label,
            deadline: deadline,
            context: context,
            body
        ).with(path: path)
    }
}
