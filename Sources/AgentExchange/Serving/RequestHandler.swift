/// Serves the requests of an agent: actions, pings, and shutdown requests.
///
/// Called once for each request, concurrently. Its return value is the only answer. A thrown error is sent as an error
/// answer. The task is cancelled when the requester cancels or the agent's mailbox is terminated.
///
/// `client` is the agent's own client: its handles call other agents.
public typealias RequestHandler = @Sendable (_ request: Request, _ client: AgentExchangeClient) async throws -> Response

/// Prepares the service of a request: called in the order of arrival, on the thread that delivers. Returns the function that
/// serves it, which is released when it is not served. It never waits.
package typealias RequestPreparation = @Sendable (_ request: Request) -> RequestHandler
