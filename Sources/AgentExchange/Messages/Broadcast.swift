public import Foundation

/// A request to all agents of a type: one message, answered by each of them.
public struct Broadcast: Sendable, Hashable {
    /// The requester. Its mailbox receives the responses.
    public let source: EntityID

    /// The name of the type of the addressed agents.
    public let typeName: String

    /// Whether agents of its subtypes are asked too.
    public let allowSubtypes: Bool

    /// The tag that identifies the request. Every response carries it.
    public let tag: UUID

    /// The label that tells apart the handles that share the mailbox of `source`.
    public let label: UUID?

    /// The time when the requester stops waiting, by the wall clock, in whole milliseconds.
    public let deadline: Date?

    /// The content of the request.
    public let body: Request.Body

    /// Metadata that travels with the request, such as the context of a trace.
    public var context: [String: String]

    /// The agents that wait for the answers besides the source.
    package var path = CallPath()

    /// Makes a broadcast, with a new tag unless one is given.
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

    /// Returns the request that one of the agents receives.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the body is invalid.
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
