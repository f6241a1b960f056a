import AgentExchange

/// The agent that counts: for each chunk it is sent, it calls the aggregator before it answers.
///
/// It keeps nothing, so that it can die at any time: what it had not answered is delivered to its next incarnation.
struct Worker: Sendable {
    /// Counts a chunk (first argument) and has it merged by an aggregator (second argument); the result is a ``Receipt``.
    static let countAction = "count"

    /// What a worker answers.
    struct Receipt: Sendable, Codable {
        /// How often the request had been delivered; more than 1 after a worker died.
        let attempt: Int
        /// Whether the aggregator took the counts; `false` when it had them from an earlier attempt.
        let wasMerged: Bool
        /// How long the worker counted.
        let busyMicroseconds: Int
    }

    /// Serves a request.
    func serve(_ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        switch request.body {
        case .ping:
            return request.response()
        case .action(Self.countAction, let arguments):
            let (chunk, aggregator) = try arguments.decode(Chunk.self, AgentID.self)
            let start = ContinuousClock.now
            let tally = chunk.tally
            let busy = start.duration(to: .now)
            let wasMerged = try await client.handle(to: aggregator).action(
                Aggregator.mergeAction,
                ActionArguments(chunk.number, tally),
                returning: Bool.self,
                deadline: .seconds(20)
            )
            return try request.response(
                encoding: Receipt(
                    attempt: request.attempt,
                    wasMerged: wasMerged,
                    busyMicroseconds: Int(busy / .microseconds(1))
                )
            )
        default:
            return request.refusal
        }
    }
}
