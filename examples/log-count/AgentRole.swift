import AgentExchange

/// What an agent does in the job.
enum AgentRole: String, Sendable, Codable {
    /// Counts chunks; any number of them.
    case worker
    /// Adds up what the workers counted; one for a job.
    case aggregator

    /// The type under which agents of the role are discovered.
    var type: AgentType {
        switch self {
        case .worker: AgentType("LogCount.Worker")
        case .aggregator: AgentType("LogCount.Aggregator")
        }
    }

    /// Makes what serves the requests of one incarnation.
    func makeHandler() -> RequestHandler {
        switch self {
        case .worker:
            let worker = Worker()
            return { try await worker.serve($0, $1) }
        case .aggregator:
            let aggregator = Aggregator()
            return { request, _ in try await aggregator.serve(request) }
        }
    }
}

extension Request {
    /// The answer to a request that an agent of the job has no use for.
    ///
    /// Agents of the job end when their mailbox is terminated, so a shutdown request is refused.
    var refusal: Response {
        switch body {
        case .action(let name, _): error(.invalidMessage, "there is no action \"\(name.prefix(64))\"")
        default: error(.invalidMessage, "a request of kind \(kind.rawValue) is not served")
        }
    }
}
