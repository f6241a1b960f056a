/// Wraps the calls of a client and the requests that an agent serves: for retries, authorization, quotas, logs.
///
/// A client takes a list of them in ``ClientConfiguration/middleware``. The first is the outermost: it sees a call first and
/// its answer last. Each hook passes on by calling `next`, also several times or never; each has a default that only does
/// that. Hooks run at the same time for different calls, in the task of the caller or of the handler: task-local values,
/// cancellation and the deadline of the request that is served hold in them.
///
/// ```swift
/// struct Retry: ExchangeMiddleware {
///     func call(_ call: ClientCall, next: @escaping CallStep) async throws(ExchangeError) -> Response {
///         do {
///             return try await next(call)
///         } catch where error.isRetryable && error.delivery == .notSent {
///             return try await next(call)
///         }
///     }
/// }
/// ```
///
/// Some messages go past the hooks: those sent without a handle (``ExchangeClient/send(_:)`` and the transport), cancel
/// requests, and requests that are refused before a handler sees them (a foreign protocol version, a deadline that has
/// passed).
public protocol ExchangeMiddleware: Sendable {
    /// Sends a call and returns its answer.
    typealias CallStep = @Sendable (ClientCall) async throws(ExchangeError) -> Response
    /// Opens a stream.
    typealias StreamStep = @Sendable (ClientCall) async throws(ExchangeError) -> Void
    /// Sends a broadcast and returns the agents that it went to.
    typealias BroadcastStep = @Sendable (Broadcast) async throws(ExchangeError) -> [AgentID]
    /// Serves a request and returns its answer.
    typealias ServiceStep = @Sendable (Request) async throws -> Response

    /// Wraps a call with one answer: an action, a ping, a shutdown.
    ///
    /// - Parameters:
    ///   - call: The call. Pass a changed copy to `next` to send something else.
    ///   - next: Sends it as a request of its own, with a new tag, and returns the answer, which may be an error of the agent.
    ///     It throws the errors of ``RemoteHandle/action(_:_:deadline:)``, except for those that the agent answers.
    func call(_ call: ClientCall, next: @escaping CallStep) async throws(ExchangeError) -> Response

    /// Wraps the opening of a streamed result. The parts go past it.
    ///
    /// - Parameters:
    ///   - call: The call. Pass a changed copy to `next` to send something else.
    ///   - next: Sends the request. When it is called again, the stream that it opened before is given up.
    func stream(_ call: ClientCall, next: @escaping StreamStep) async throws(ExchangeError)

    /// Wraps a broadcast. Its answers go past it.
    ///
    /// - Parameters:
    ///   - broadcast: The broadcast. One that is passed on must have its tag and its label.
    ///   - next: Sends it.
    func broadcast(_ broadcast: Broadcast, next: @escaping BroadcastStep) async throws(ExchangeError) -> [AgentID]

    /// Wraps the handler of an agent: an action, a ping, a shutdown. An error that it throws is the answer.
    ///
    /// - Parameters:
    ///   - request: The request, with its authenticated sender in ``Request/principal``.
    ///   - next: Serves it.
    func serve(_ request: Request, next: @escaping ServiceStep) async throws -> Response
}

extension ExchangeMiddleware {
    /// Passes the call on.
    public func call(_ call: ClientCall, next: @escaping CallStep) async throws(ExchangeError) -> Response {
        try await next(call)
    }

    /// Passes the call on.
    public func stream(_ call: ClientCall, next: @escaping StreamStep) async throws(ExchangeError) {
        try await next(call)
    }

    /// Passes the broadcast on.
    public func broadcast(_ broadcast: Broadcast, next: @escaping BroadcastStep) async throws(ExchangeError)
        -> [AgentID]
    {
        try await next(broadcast)
    }

    /// Passes the request on.
    public func serve(_ request: Request, next: @escaping ServiceStep) async throws -> Response {
        try await next(request)
    }
}
