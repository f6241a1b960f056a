internal import AgentExchange

/// The implementation of one action.
struct ActionBinding<Subject: Sendable>: Sendable {
    /// The work of an action: sends the parts if the result is streamed, and returns the result or none.
    typealias Body = @Sendable (Subject, Served) async throws -> Payload?

    let body: Body
    /// Whether the action streams its result. The return value is then the number of parts.
    let isStreamed: Bool
    let limit: Int?
    let start: ActionStart
    let retry: RetryPolicy?
}

/// A request that is being served.
struct Served: Sendable {
    let arguments: ActionArguments
    let context: ActionContext
    let codecs: PayloadCodecs
    let codec: any PayloadCodec

    /// Sends a part of the result as soon as the caller has granted credit for it.
    func send(_ part: Payload) async throws(ExchangeError) {
        try await context.agent.client.send(part: part, of: context.request)
    }

    /// The result of an action that streams it: the number of parts.
    func partCount() throws(ExchangeError) -> Payload {
        try Payload(encoding: context.agent.client.partCount(of: context.request))
    }

    func payload(_ value: some Encodable) throws(ExchangeError) -> Payload {
        Payload(contentType: codec.contentType, bytes: try codec.encode(value))
    }
}
