import AgentExchange
import Foundation

/// What the agents of this process can do.
enum Actions {
    /// Serves a request; every result is a whole number.
    @Sendable
    static func serve(_ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        guard case .action(let name, let arguments) = request.body else { return request.response() }
        switch name {
        case "double":
            return try request.response(encoding: try arguments.decode(Int.self) * 2)
        case "attempt":
            return try request.response(encoding: request.attempt)
        case "count":
            // Written before the answer: what was run, and which attempt it was.
            let number = try arguments.decode(Int.self)
            AgentProcess.say("ran \(number) \(request.attempt)")
            try await Task.sleep(for: .milliseconds(number % 20))
            return try request.response(encoding: number)
        case "wait":
            // Until the command `open`.
            let number = try arguments.decode(Int.self)
            AgentProcess.say("ran \(number) \(request.attempt)")
            await Barrier.shared.pass()
            return try request.response(encoding: number)
        case "nap":
            AgentProcess.say("working \(request.attempt)")
            let length = try arguments.decode(Int.self)
            try await Task.sleep(for: .seconds(length))
            AgentProcess.say("worked \(request.attempt)")
            return try request.response(encoding: request.attempt)
        case "hang-once" where request.attempt > 1:
            return try request.response(encoding: request.attempt)
        case "hang", "hang-once":
            AgentProcess.say("working \(request.attempt)")
            try await Task.sleep(for: .seconds(3600))
            return request.response()
        case "die-late":
            // Time for others to be answered.
            AgentProcess.say("dying \(request.attempt)")
            try await Task.sleep(for: .milliseconds(500))
            kill(getpid(), SIGKILL)
            return request.response()
        case "die":
            // Nothing is flushed, closed or told to the broker.
            AgentProcess.say("dying \(request.attempt)")
            kill(getpid(), SIGKILL)
            try await Task.sleep(for: .seconds(3600))
            return request.response()
        default:
            throw Failure(.remote, "there is no action \(name)")
        }
    }
}
