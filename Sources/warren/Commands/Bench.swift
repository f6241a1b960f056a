import AgentExchange
import RabbitMQExchange

/// One measurement.
struct Measurement: Encodable, Sendable {
    /// `request` or `send`.
    let what: String
    let inFlight: Int
    let count: Int
    let perSecond: Double
    let p50Milliseconds: Double
    let p99Milliseconds: Double

    init(_ what: String, inFlight: Int, times: [Duration], elapsed: Duration) {
        self.what = what
        self.inFlight = inFlight
        count = times.count
        perSecond = (Double(times.count) / (elapsed / .seconds(1))).rounded()
        let sorted = times.sorted()
        p50Milliseconds = Self.quantile(0.5, sorted)
        p99Milliseconds = Self.quantile(0.99, sorted)
    }

    private static func quantile(_ part: Double, _ sorted: [Duration]) -> Double {
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))].milliseconds
    }

    /// The row of a table.
    var row: [String] {
        [what, "\(inFlight)", "\(Int(perSecond))", "\(p50Milliseconds) ms", "\(p99Milliseconds) ms", "\(count)"]
    }
}

/// The measurements of `warren bench`.
struct Bench: Sendable {
    let caller: RabbitMQExchange
    let agent: RabbitMQExchange
    let payload: String
    let duration: Duration

    /// Measures requests at 1, 16 and 128 in flight, then sends at 1 and 128.
    func run(_ progress: (String) -> Void) async throws -> [Measurement] {
        let user = try await caller.makeUserClient(name: "bench")
        do {
            let echo = try await user.registerAgent(AgentType("Warren.Bench"), name: "echo")
            let silent = try await user.registerAgent(AgentType("Warren.Bench"), name: "silent")
            let client = try await agent.makeAgentClient(echo) { request, _ in try Self.echo(request) }
            var measurements: [Measurement] = []
            do {
                let handle = user.handle(to: echo.agentID)
                let arguments = try ActionArguments(payload)
                for inFlight in [1, 16, 128] {
                    progress("requests, \(inFlight) in flight")
                    measurements.append(
                        try await measure("request", inFlight) { _ = try await handle.action("echo", arguments) }
                    )
                }
            } catch {
                await uncancelled { await client.close() }
                throw error
            }
            await client.close()
            for inFlight in [1, 128] {
                progress("sends, \(inFlight) in flight")
                measurements.append(try await measure("send", inFlight) { try await send(user, silent.agentID) })
            }
            await user.close()
            return measurements
        } catch {
            await uncancelled { await user.close() }
            throw error
        }
    }

    /// Returns the text that is the action's argument.
    private static func echo(_ request: Request) throws -> Response {
        guard case .action(_, let arguments) = request.body else { return request.response() }
        let text: String = try arguments.decode(String.self)
        return try request.response(encoding: text)
    }

    /// Sends a request that will not be answered.
    private func send(_ user: UserExchangeClient, _ agent: AgentID) async throws {
        let body = Request.Body.action(name: "echo", arguments: try ActionArguments(payload))
        try await user.transport.send(.request(try Request(from: user.id, to: .agent(agent), body)))
    }

    private func measure(
        _ what: String,
        _ inFlight: Int,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> Measurement {
        _ = try await times(inFlight, for: duration / 10, body)
        let start = ContinuousClock.now
        let times = try await times(inFlight, for: duration, body)
        return Measurement(what, inFlight: inFlight, times: times, elapsed: start.duration(to: .now))
    }

    private func times(
        _ inFlight: Int,
        for duration: Duration,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> [Duration] {
        let end = ContinuousClock.now + duration
        return try await withThrowingTaskGroup(of: [Duration].self) { group in
            for _ in 0..<inFlight {
                group.addTask {
                    var times: [Duration] = []
                    repeat {
                        let start = ContinuousClock.now
                        try await body()
                        times.append(start.duration(to: .now))
                    } while ContinuousClock.now < end
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}
