import AgentExchange
import Foundation

/// Calls that would wait for themselves.
enum CallPathCases {
    private static let subject = "calls in a circle"

    /// An agent that runs one action at a time. Its action `self` calls its own `end`, `through` calls another agent's
    /// `back`, which calls the first agent's `end`, and `end` answers. `outcomes` collects the ends of the calls.
    private static func agent(
        _ scope: CaseScope,
        _ registration: AgentRegistration,
        elsewhere: Bool = false,
        limit: Int,
        other: AgentID,
        outcomes: Collected<ExchangeError.Code?>
    ) async throws {
        let timeout = scope.environment.timeout
        _ = try await scope.agentClient(registration, elsewhere: elsewhere, requestLimit: limit) { request, client in
            guard case .action(let name, _) = request.body else { return request.response() }
            let (callee, next): (AgentID, String) =
                switch name {
                case "self": (registration.agentID, "end")
                case "through": (other, "back")
                case "back": (other, "end")
                default: (other, "")
                }
            if next.isEmpty { return request.response() }
            do {
                _ = try await client.handle(to: callee).action(next, deadline: timeout * 4)
                outcomes.add(nil)
            } catch let error as ExchangeError {
                outcomes.add(error.code)
                throw error
            }
            return request.response()
        }
    }

    private static func pair(
        _ scope: CaseScope,
        limit: Int
    ) async throws -> (handle: RemoteHandle, outcomes: Collected<ExchangeError.Code?>) {
        let user = try await scope.userClient()
        let first = try await scope.register(by: user.transport)
        let second = try await scope.register(by: user.transport)
        let outcomes = Collected<ExchangeError.Code?>()
        try await agent(scope, first, limit: limit, other: second.agentID, outcomes: outcomes)
        try await agent(scope, second, elsewhere: true, limit: limit, other: first.agentID, outcomes: outcomes)
        return (user.handle(to: first.agentID), outcomes)
    }

    static let all = [
        ConformanceCase(
            subject,
            "an agent that runs one action at a time and calls itself, directly or through another, is told so at once",
            patience: { _ in 10 }
        ) { scope in
            let (handle, outcomes) = try await pair(scope, limit: 1)
            let timeout = scope.environment.timeout
            let start = ContinuousClock.now
            for action in ["self", "through"] {
                try await expectThrows(.remote, by: "the action \(action)") {
                    _ = try await handle.action(action, deadline: timeout * 3)
                }
            }
            try expect(start.duration(to: .now) < timeout, "the errors to come at once")
            // The own call, the call back, and the call of the agent that was called back.
            let expected: [ExchangeError.Code?] = [.wouldDeadlock, .wouldDeadlock, .remote]
            try expectEqual(outcomes.elements, expected, "the errors of the calls that the agents made")
            _ = try await handle.action("end", deadline: timeout)
        },
        ConformanceCase(
            subject,
            "an agent that has room for a call of its own, or of one that it called, serves it",
            patience: { _ in 10 }
        ) { scope in
            let (handle, outcomes) = try await pair(scope, limit: 2)
            _ = try await handle.action("self", deadline: scope.environment.timeout)
            _ = try await handle.action("through", deadline: scope.environment.timeout)
            try expectEqual(outcomes.elements, [nil, nil, nil], "the errors of the calls that the agents made")
        },
    ]
}
