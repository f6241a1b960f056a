import AgentExchange

/// Serves the requests of a built-in agent, until it is asked to stop.
struct BuiltInService: Sendable {
    private let actions: any BuiltInActions
    private let stop: AsyncStream<Bool?>.Continuation

    /// Yields when an agent is asked to stop: whether its mailbox is to be terminated, where that was said.
    let stops: AsyncStream<Bool?>

    init(_ agent: BuiltInAgent) {
        actions = agent.makeActions()
        (stops, stop) = AsyncStream.makeStream(of: Bool?.self, bufferingPolicy: .bufferingOldest(1))
    }

    /// Serves one request.
    func serve(_ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        switch request.body {
        case .action("fail", let arguments):
            throw Failure(.remote, try arguments.decode(String.self), type: "Warren.Failed")
        case .action("stream", let arguments):
            return try await stream(try arguments.decode(Int.self), request, client)
        case .action(let name, let arguments):
            guard let result = try await actions.run(name, arguments) else {
                throw Failure(.remote, "there is no action \(name)", type: "Warren.NoSuchAction")
            }
            return try request.response(encoding: result)
        case .shutdown(let terminate):
            // The answer must be out before the agent closes; the copy that is sent afterwards is dropped by its tag.
            try await client.transport.send(.response(request.response()))
            stop.yield(terminate)
            return request.response()
        default:
            return request.response()
        }
    }

    private func stream(_ count: Int, _ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        guard request.credit != nil else {
            throw Failure(.remote, "stream wants a request for a streamed result", type: "Warren.NotAStream")
        }
        var number = 0
        while number < count {
            try await client.send(part: try Payload(encoding: number), of: request)
            number += 1
        }
        return try request.response(encoding: client.partCount(of: request))
    }
}
