internal import AgentExchange
internal import Logging

/// Whether an agent's requests that end in an error are kept for operators.
public struct FailureKeeping: Sendable, Hashable {
    private let time: Duration?

    /// Failed requests are answered, and nothing is kept.
    public static let drop = FailureKeeping(time: nil)

    /// Keeps a copy of each request whose action threw an error that is its answer, with the error, before the caller
    /// gets it. Attempts that are tried again and cancelled actions are not kept.
    ///
    /// On a broker they lie in the queue `….failed`, up to 1 GiB of all agents, the oldest dropped first; `warren failed`
    /// lists them and sends them again. In one process the exchange keeps the last 1,000. A request that can't be kept is
    /// logged and answered.
    ///
    /// - Parameter time: How long they are kept, 49 days at most. A request behind another that is kept for longer stays as
    ///   long as that one.
    public static func keep(for time: Duration) -> FailureKeeping { FailureKeeping(time: time) }

    private init(time: Duration?) { self.time = time }

    /// Keeps a request if its answer is an error to be kept. Returns the answer.
    func keeping(_ request: Request, _ answer: Response, by client: AgentExchangeClient) async -> Response {
        guard let time, case .failure(let failure) = answer.outcome, failure.code != .cancelled else { return answer }
        do throws(ExchangeError) {
            try await client.transport.keepFailed(request, failure, for: time)
        } catch {
            client.configuration.logger.warning(
                "a failed request could not be kept",
                metadata: ["tag": "\(request.tag)", "error": "\(error)"]
            )
        }
        return answer
    }
}
