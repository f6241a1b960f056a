internal import Foundation

/// A call that a client is about to make, as ``ExchangeMiddleware`` sees it.
public struct ClientCall: Sendable {
    /// The agent that is called.
    public let agentID: AgentID

    /// The action, ping, or shutdown.
    public var body: Request.Body

    /// How long to wait for the answer, or for the whole of a streamed result. Each request that is made of the call has all
    /// of it.
    public var deadline: Duration

    /// Metadata that travels with the request: see ``Request/context``.
    public var context: [String: String]

    /// The label of the handle.
    let label: UUID

    /// Describes a call, for tests of middleware. Clients describe their own calls.
    ///
    /// - Parameters:
    ///   - agentID: The agent that is called.
    ///   - body: The action, ping, or shutdown.
    ///   - deadline: How long to wait for the answer.
    ///   - context: Metadata that travels with the request.
    public init(agentID: AgentID, body: Request.Body, deadline: Duration, context: [String: String] = [:]) {
        self.init(agentID: agentID, body: body, deadline: deadline, context: context, label: .random())
    }

    init(agentID: AgentID, body: Request.Body, deadline: Duration, context: [String: String], label: UUID) {
        self.agentID = agentID
        self.body = body
        self.deadline = deadline
        self.context = context
        self.label = label
    }
}
