internal import AgentExchange

/// The implementation of one action. An object, because the frame of each request that it serves holds it.
final class ActionBinding<Subject: Sendable>: Sendable {
    /// The work of an action: sends the parts if the result is streamed, and returns the result or none.
    typealias Body = @Sendable (Subject, Served) async throws -> Payload?

    let body: Body
    /// Whether the action streams its result. The return value is then the number of parts.
    let isStreamed: Bool
    let limit: Int?
    let start: ActionStart
    let retry: RetryPolicy?

    init(body: @escaping Body, isStreamed: Bool, limit: Int?, start: ActionStart, retry: RetryPolicy?) {
        self.body = body
        self.isStreamed = isStreamed
        self.limit = limit
        self.start = start
        self.retry = retry
    }
}

/// A request for an action that is being served.
///
/// It holds no more than its context, because several frames that are allocated for each request hold it.
struct Served: Sendable {
    let context: ActionContext

    private var arguments: ActionArguments {
        if case .action(_, let arguments) = context.request.body { arguments } else { .none }
    }

    /// Decodes the positional arguments.
    @inline(never)
    func decode<each Argument: Decodable>(
        _ types: repeat (each Argument).Type
    ) throws(ExchangeError) -> (repeat each Argument) {
        try arguments.decode(repeat each types, codecs: context.agent.client.codecs)
    }

    /// Sends a part of the result as soon as the caller has granted credit for it.
    func send(_ part: Payload) async throws(ExchangeError) {
        try await context.agent.client.send(part: part, of: context.request)
    }

    /// The result of an action that streams it: the number of parts.
    func partCount() throws(ExchangeError) -> Payload {
        try Payload(encoding: context.agent.client.partCount(of: context.request))
    }

    @inline(never)
    func payload(_ value: some Encodable) throws(ExchangeError) -> Payload {
        let codec = try context.agent.client.codec(of: arguments)
        return Payload(contentType: codec.contentType, bytes: try codec.encode(value))
    }
}

/// A request that does not fit its action. The failure is the answer.
struct Unfit: Error {
    let failure: Failure
}

extension RequestScope {
    /// Returns the scope of an action with the limits of its agent and its own.
    func limited(_ action: String, of agent: AgentID, _ agentLimit: Int?, _ limit: Int?) -> RequestScope {
        var scope = self
        if let agentLimit { scope.path = scope.path.limiting(agent, to: agentLimit) }
        if let limit { scope.path = scope.path.running(action, of: agent, limit: limit) }
        return scope
    }
}

extension AgentExchangeClient {
    /// Returns the codec of a request's arguments, which encodes its result too.
    func codec(of arguments: ActionArguments) throws(ExchangeError) -> any PayloadCodec {
        try codecs.codec(for: arguments.payload.contentType)
    }
}
