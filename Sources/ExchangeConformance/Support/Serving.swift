import AgentExchange
internal import Primitives

extension CaseScope {
    /// Registers an agent, serves it in the other process, and returns a handle to it.
    func serve(
        for client: any ExchangeClient,
        startsAtOnce: Bool = false,
        file: StaticString = #fileID,
        line: Int = #line,
        handler: @escaping RequestHandler
    ) async throws -> RemoteHandle {
        let registration = try await register(by: client.transport, file: file, line: line)
        _ = try await agentClient(
            registration,
            elsewhere: true,
            startsAtOnce: startsAtOnce,
            file: file,
            line: line,
            handler: handler
        )
        return client.handle(to: registration.agentID)
    }

    /// Calls an agent `count` times at once as two users. Each call must get its own result.
    func doubleAtTheSameTime(_ count: Int, startsAtOnce: Bool = false) async throws {
        let users = [try await userClient(), try await userClient(elsewhere: true)]
        let agent = try await serve(for: users[0], startsAtOnce: startsAtOnce, handler: TestHandlers.double).agentID
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                let handle = users[number % 2].handle(to: agent)
                group.addTask {
                    let result = try await handle.action("double", ActionArguments(number), returning: Int.self)
                    try expectEqual(result, 2 * number, "the result")
                }
            }
            try await group.waitForAll()
        }
    }

    /// Waits for a call that must end by itself, and returns its result.
    func value<Value: Sendable>(
        of task: Task<Value, any Error>,
        _ expected: String,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> Value {
        note(file, line)
        return try await withTimeout(environment.timeout, expected, file: file, line: line) { try await task.value }
    }
}

/// Handlers that several cases use.
enum TestHandlers {
    /// Answers an action with its encoded arguments, and everything else with success.
    static let echo: RequestHandler = { request, _ in
        guard case .action(_, let arguments) = request.body else { return request.response() }
        return request.response(arguments.payload)
    }

    /// Answers an action with twice its only argument, and everything else with success.
    static let double: RequestHandler = { request, _ in
        guard case .action(_, let arguments) = request.body else { return request.response() }
        return try request.response(encoding: 2 * arguments.decode(Int.self))
    }
}

/// An error that a handler throws.
struct Overdrawn: Error, CustomStringConvertible {
    let missing: Int

    var description: String { "\(missing) are missing" }
}

/// An agent with two actions: `stick` ends only when it is cancelled, and `wait` ends when it is released.
final class StuckAction: Sendable {
    let started = Signal()
    let cancelled = Signal()
    let release = Signal()

    var handler: RequestHandler {
        { [self] request, _ in
            guard case .action(let name, let arguments) = request.body else { return request.response() }
            guard name == "stick" else {
                try await release.reach()
                return request.response(arguments.payload)
            }
            return try await withTaskCancellationHandler {
                started.set()
                try await Signal().reach()
                return request.response()
            } onCancel: {
                cancelled.set()
            }
        }
    }
}
