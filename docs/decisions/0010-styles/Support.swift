import AgentExchange
import Foundation

/// What the styles that were not chosen stand on, in place of the `Agents` target: only as much as the three agents need.
protocol Servant: Sendable {
    func serve(_ action: String, _ arguments: ActionArguments) async throws -> Payload
    func loop() async throws
}

extension Servant {
    func loop() async throws {}
}

struct UnknownAction: Error {
    let name: String
}

extension UserExchangeClient {
    /// Registers and runs a servant until `body` ends.
    func withServant<Output>(
        _ servant: some Servant,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (RemoteHandle) async throws -> Output
    ) async throws -> Output {
        let registration = try await registerAgent(AgentType("\(type(of: servant))"))
        let client = try await factory().makeAgentClient(registration) { request, _ in
            guard case .action(let name, let arguments) = request.body else { return request.response() }
            do {
                return request.response(try await servant.serve(name, arguments))
            } catch let error as BankError {
                return request.error(
                    Failure(.remote, "\(error)", type: "BankError", payload: try Payload(encoding: error))
                )
            }
        }
        let loop = Task { try await servant.loop() }
        defer { loop.cancel() }
        let result: Result<Output, any Error>
        do { result = .success(try await body(handle(to: registration.agentID))) } catch { result = .failure(error) }
        await client.close()
        return try result.get()
    }
}

extension RemoteHandle {
    /// Calls an action by its name.
    func call<Result: Decodable, Known: Error & Decodable>(
        _ name: String,
        _ arguments: ActionArguments,
        throwing known: Known.Type
    ) async throws -> Result {
        do {
            return try await action(name, arguments, returning: Result.self)
        } catch let error where error.failure?.payload != nil {
            guard let failure = try? error.failure?.payload?.decode(known) else { throw error }
            throw failure
        }
    }

    func call<Result: Decodable>(_ name: String, _ arguments: ActionArguments) async throws -> Result {
        try await action(name, arguments, returning: Result.self)
    }

    /// Sends a message of a type of its own.
    func ask<Asked: Question>(_ question: Asked) async throws -> Asked.Answer {
        try await call(Asked.name, try ActionArguments(question), throwing: Asked.Failure.self)
    }
}

/// An action as a type.
protocol Question: Codable, Sendable {
    associatedtype Answer: Codable & Sendable
    associatedtype Failure: Error & Codable = Nothing
}

extension Question {
    static var name: String { "\(self)" }
}

/// The error of questions that have none of their own.
struct Nothing: Error, Codable {}

/// What an agent does for each question.
struct Answers<Subject: Sendable>: Sendable {
    private var answers: [String: @Sendable (Subject, ActionArguments) async throws -> Payload] = [:]

    init(_ build: (inout Answers) -> Void) { build(&self) }

    mutating func on<Asked: Question>(
        _ type: Asked.Type,
        _ body: @escaping @Sendable (Subject, Asked) async throws -> Asked.Answer
    ) {
        answers[Asked.name] = { subject, arguments in
            let question: Asked = try arguments.decode(Asked.self)
            return try Payload(encoding: try await body(subject, question))
        }
    }

    func serve(_ action: String, _ arguments: ActionArguments, _ subject: Subject) async throws -> Payload {
        guard let answer = answers[action] else { throw UnknownAction(name: action) }
        return try await answer(subject, arguments)
    }
}
