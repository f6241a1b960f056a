/// Serves the requests of an agent: actions, pings, and shutdown requests.
///
/// Called once for each request, concurrently; the response that it returns is the one answer. An error that it throws is
/// answered as such. When the requester cancels, or the agent's mailbox is terminated, the task is cancelled.
///
/// The client is the agent's own: through its handles a handler calls other agents.
public typealias RequestHandler = @Sendable (_ request: Request, _ client: AgentExchangeClient) async throws -> Response
