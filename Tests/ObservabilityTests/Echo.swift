import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import Logging
import Testing

/// What the agents of these tests do, and a word that no log, metric or span may have.
enum Echo {
    static let secret = "a-payload-that-nobody-may-see"

    struct Refused: Error, CustomStringConvertible {
        var description: String { "refused because of \(Echo.secret)" }
    }

    @Sendable
    static func serve(_ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        guard case .action(let name, let arguments) = request.body else { return request.response() }
        switch name {
        case "echo":
            let text = try arguments.decode(String.self)
            return try request.response(encoding: text)
        case "stream":
            for number in 1...3 { try await client.send(part: try Payload(encoding: number), of: request) }
            return try request.response(encoding: client.partCount(of: request))
        case "relay":
            let next = AgentID(uuid: try #require(UUID(uuidString: try arguments.decode(String.self))))
            return request.response(try await client.handle(to: next).action("echo", ActionArguments(secret)))
        default: throw Refused()
        }
    }
}

/// A user and an agent of an exchange that log to a recorder.
struct Pair {
    let log = LogRecorder()
    let user: UserExchangeClient
    let agent: AgentExchangeClient

    init(_ exchange: some ExchangeFactory, handler: @escaping RequestHandler = Echo.serve) async throws {
        let configuration = ClientConfiguration(logger: log.logger)
        user = try await exchange.makeUserClient(name: "ann", configuration: configuration)
        let registration = try await user.registerAgent(AgentType("Echo"), name: "echo-1")
        agent = try await exchange.makeAgentClient(registration, configuration: configuration, requestHandler: handler)
    }

    var handle: RemoteHandle { user.handle(to: agent.registration.agentID) }

    func close() async {
        await agent.close()
        await user.close()
    }
}
