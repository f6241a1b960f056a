import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange

/// Another process that has joined the exchange: the program `agent-process` of this package.
struct PeerProcess: Sendable {
    let process: ChildProcess

    /// Starts it and hands it the factory, encoded, with its direct ways if it has some.
    init(_ factory: RabbitMQExchange, environment: [String: String] = [:]) async throws {
        process = try ChildProcess(try ProductsDirectory.executable("agent-process"), environment: environment)
        let whole: any ExchangeFactory = factory.direct?.factory(over: factory) ?? factory
        try process.write(String(decoding: try JSONEncoder().encode(whole), as: UTF8.self))
        _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("joined ") }
    }

    /// Starts it as an agent.
    static func agent(_ registration: AgentRegistration, of scene: Scene, _ session: String) async throws -> PeerProcess
    {
        let peer = try await PeerProcess(try scene.exchange(session))
        let answer = try await peer.serve(registration)
        guard answer == "ready" else { throw Unexpected(answer: answer, errors: peer.process.standardError) }
        return peer
    }

    /// Sends a command and returns the next line.
    func ask(_ command: String) async throws -> String {
        try process.write(command)
        return try await process.nextLine(timeout: .seconds(30)) ?? "the output ended"
    }

    /// Asks it to open a mailbox, and returns what it says.
    func serve(_ registration: AgentRegistration) async throws -> String {
        try order(registration)
        return try await process.nextLine(timeout: .seconds(30)) ?? "the output ended"
    }

    /// Tells it to open a mailbox.
    func order(_ registration: AgentRegistration) throws {
        try process.write("agent \(String(decoding: try JSONEncoder().encode(registration), as: UTF8.self))")
    }

    /// Sends a command and returns what follows the expected first word of the answer.
    func ask(_ command: String, for word: String) async throws -> String {
        let answer = try await ask(command)
        guard answer.hasPrefix(word) else { throw Unexpected(answer: answer, errors: process.standardError) }
        return answer.dropFirst(word.count).trimmingCharacters(in: .whitespaces)
    }

    /// Ends it at once, as the kernel does when memory runs out.
    func kill() async throws {
        process.signal(SIGKILL)
        try await process.waitForExit()
    }

    /// The process said something else.
    struct Unexpected: Error, CustomStringConvertible {
        let answer: String
        let errors: String
        var description: String { "the other process said \"\(answer)\" \(errors)" }
    }
}
