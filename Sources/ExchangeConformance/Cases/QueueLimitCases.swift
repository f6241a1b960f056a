import AgentExchange
import Foundation

/// Mailboxes that hold no more than a number of requests.
enum QueueLimitCases {
    private static let subject = "queue limits"

    /// How many requests more than its limit a mailbox may hold before it refuses one.
    private static let tolerance = 2000

    static let all = [
        ConformanceCase(
            subject,
            "a full mailbox refuses requests, answers those that it took, and takes more when there is room",
            patience: { _ in 10 }
        ) { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let id = EntityID.agent(registration.agentID)
            let limit = scope.environment.queueLimit ?? 0
            var accepted: [UUID] = []
            let error = try await expectThrows(.mailboxFull, by: "a send to a full mailbox") {
                while accepted.count - tolerance <= limit {
                    accepted.append(try await scope.ping(id, from: user).tag)
                }
            }
            try expectUndelivered(error)
            try expect(error.isRetryable, "a retry to be worth it")
            try expect(accepted.count >= limit, "\(limit) requests to be accepted", seen: "\(accepted.count)")
            let agent = try await scope.agent(registration, elsewhere: true)
            for tag in accepted {
                let request = try await scope.receiveRequest(at: agent)
                try expectEqual(request.tag, tag, "the next request")
                try await scope.send(.response(request.response()), by: agent)
                try expectEqual(try await scope.receiveResponse(at: user).tag, tag, "the next answer")
            }
            try await scope.expectAlive(agent, for: user)
        }
    ]
}
