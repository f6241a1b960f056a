internal import AgentExchange

/// The implementation of one action.
struct ActionBinding<Subject: Sendable>: Sendable {
    typealias Reply = @Sendable (Subject, Served) async throws -> Payload?

    /// The work of an action.
    enum Body {
        /// Returns one result, or none.
        case reply(Reply)
        /// Sends parts. Its return value is the terminal result.
        case stream(Reply)
    }

    let body: Body
    let limit: Int?
    let start: ActionStart
}

extension ActionBinding.Body: Sendable {}

/// A request that is being served.
struct Served: Sendable {
    let arguments: ActionArguments
    let context: ActionContext
    let codecs: PayloadCodecs
    let codec: any PayloadCodec
    let send: @Sendable (Payload) async throws(ExchangeError) -> Void

    func payload(_ value: some Encodable) throws(ExchangeError) -> Payload {
        Payload(contentType: codec.contentType, bytes: try codec.encode(value))
    }
}
