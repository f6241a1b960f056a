import AgentExchange
import Foundation

/// Messages keep their order and get their answers while an exchange changes the way that they go, such as from a broker to
/// a direct connection and back.
enum WayCases {
    private static let subject = "ways"

    /// The number of requests after which an exchange may go another way.
    private static let warmUp = 100

    static let all = [
        ConformanceCase(subject, "a request, a broadcast and a request arrive in the order of sending") { scope in
            let user = try await scope.user()
            let type = scope.type("Way")
            let registration = try await scope.register(by: user, type)
            let agent = try await scope.agent(registration, elsewhere: true)
            for _ in 1...warmUp { try await exchange(from: user, to: agent, in: scope) }
            for _ in 1...5 {
                let first = try await scope.ping(agent.mailboxID, from: user)
                let broadcast = Broadcast(from: user.mailboxID, toAgentsOf: type.name, label: UUID(), .ping)
                _ = try await user.broadcast(broadcast)
                let last = try await scope.ping(agent.mailboxID, from: user)
                let tags = [first.tag, try broadcast.request(to: registration.agentID).tag, last.tag]
                for tag in tags {
                    let request = try await scope.receiveRequest(at: agent)
                    try expectEqual(request.tag, tag, "the next request")
                    try await scope.send(.response(request.response()), by: agent)
                }
                for _ in tags { _ = try await scope.receiveResponse(at: user) }
                for _ in 1...warmUp { try await exchange(from: user, to: agent, in: scope) }
            }
        },
        ConformanceCase(subject, "first attempts arrive in the order of sending while their mailbox moves") { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let count = scope.environment.scale.requestsInFlight
            let first = try await scope.agent(registration, elsewhere: true)
            for _ in 1...warmUp { try await exchange(from: user, to: first, in: scope) }
            await first.close()
            let tags = (0..<count).map { _ in UUID() }
            // A request that an owner gave back is another attempt, and has no order beside later ones.
            try await withThrowingTaskGroup(of: [UUID].self) { group in
                group.addTask {
                    for tag in tags {
                        try await user.send(
                            .request(try Request(from: user.mailboxID, to: first.mailboxID, tag: tag, .ping))
                        )
                    }
                    return []
                }
                group.addTask {
                    var seen: Set<UUID> = []
                    var first: [UUID] = []
                    for part in 0..<4 {
                        let owner = try await scope.agent(registration, elsewhere: part.isMultiple(of: 2))
                        while seen.count < count * (part + 1) / 4 {
                            let request = try await scope.receiveRequest(at: owner)
                            if seen.insert(request.tag).inserted, request.attempt == 1 { first.append(request.tag) }
                            try await scope.send(.response(request.response()), by: owner)
                        }
                        await owner.close()
                    }
                    return first
                }
                for try await first in group where !first.isEmpty {
                    let members = Set(first)
                    try expectEqual(first, tags.filter { members.contains($0) }, "the order of first attempts")
                }
            }
            var answered: Set<UUID> = []
            for _ in tags { answered.insert(try await scope.receiveResponse(at: user).tag) }
            try expectEqual(answered, Set(tags), "the requests that were answered")
        },
        ConformanceCase(
            subject,
            "the answers to a closed requester's requests wait for its mailbox's next receiver",
            needs: [.durable]
        ) { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let asking = try await scope.register(by: user)
            let asker = try await scope.agent(asking)
            for _ in 1...warmUp { try await exchange(from: asker, to: agent, in: scope) }
            let sent = try await scope.ping(agent.mailboxID, from: asker)
            let received = try await scope.receiveRequest(at: agent)
            try expectEqual(received.tag, sent.tag, "the request at the agent")
            await asker.close()
            try await scope.send(.response(received.response()), by: agent)
            let next = try await scope.agent(asking, elsewhere: true)
            try expectSuccess(try await scope.receiveResponse(at: next), answering: sent)
            try await scope.expectNothing(at: next)
        },
    ]

    /// One request and its answer.
    private static func exchange(
        from requester: any ExchangeTransport,
        to agent: any ExchangeTransport,
        in scope: CaseScope
    ) async throws {
        let sent = try await scope.ping(agent.mailboxID, from: requester)
        let received = try await scope.receiveRequest(at: agent)
        try expectEqual(received.tag, sent.tag, "the request at the agent")
        try await scope.send(.response(received.response()), by: agent)
        try expectSuccess(try await scope.receiveResponse(at: requester), answering: sent)
    }
}
