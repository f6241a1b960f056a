import AgentExchange
import Foundation

/// One request to all agents of a type.
enum BroadcastCases {
    private static let subject = "broadcasts"

    static let all = [
        ConformanceCase(subject, "every agent of a type and of its subtypes gets the request, wherever it is") {
            scope in
            let family = try await Family(in: scope)
            let broadcast = Broadcast(
                from: family.user.mailboxID,
                toAgentsOf: family.base.name,
                label: UUID(),
                deadline: Date(timeIntervalSinceNow: 600),
                context: ["traceparent": "00-1"],
                .action(name: "hello", arguments: try ActionArguments(1))
            )
            try await family.expectReached(by: broadcast, family.ofBase + family.ofSub, in: scope)
        },
        ConformanceCase(subject, "without subtypes only the agents of exactly the type get the request") { scope in
            let family = try await Family(in: scope)
            for (type, members) in [(family.base, family.ofBase), (family.sub, family.ofSub)] {
                let broadcast = Broadcast(
                    from: family.user.mailboxID,
                    toAgentsOf: type.name,
                    allowSubtypes: false,
                    .ping
                )
                try await family.expectReached(by: broadcast, members, in: scope)
            }
        },
        ConformanceCase(subject, "a broadcast to a type without agents reaches nobody, and is no error") { scope in
            let user = try await scope.user()
            let broadcast = Broadcast(from: user.mailboxID, toAgentsOf: scope.name("Nobody"), .ping)
            try expectEqual(try await user.broadcast(broadcast), [], "the agents that were asked")
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "a terminated agent is not asked any more") { scope in
            let user = try await scope.user()
            let type = scope.type("Mortal")
            let (gone, left) = (try await scope.register(by: user, type), try await scope.register(by: user, type))
            try await user.terminate(.agent(gone.agentID))
            let broadcast = Broadcast(from: user.mailboxID, toAgentsOf: type.name, .ping)
            try expectEqual(try await user.broadcast(broadcast), [left.agentID], "the agents that were asked")
            let agent = try await scope.agent(left, elsewhere: true)
            let request = try await scope.receiveRequest(at: agent)
            try await scope.send(.response(request.response()), by: agent)
            let answer = try await scope.receiveResponse(at: user)
            try expectSuccess(answer, answering: try broadcast.request(to: left.agentID))
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "an agent that is terminated before it answers is answered for") { scope in
            let user = try await scope.user()
            let type = scope.type("Mortal")
            let registration = try await scope.register(by: user, type)
            let broadcast = Broadcast(from: user.mailboxID, toAgentsOf: type.name, label: UUID(), .ping)
            try expectEqual(try await user.broadcast(broadcast), [registration.agentID], "the agents that were asked")
            try await user.terminate(.agent(registration.agentID))
            let answer = try await scope.receiveResponse(at: user)
            let request = try broadcast.request(to: registration.agentID)
            try expectFailure(.mailboxTerminated, answer, answering: request)
        },
        ConformanceCase(subject, "a broadcast that is too large is refused", needs: [.sizeLimit]) { scope in
            let user = try await scope.user()
            let type = scope.type("Small")
            let agent = try await scope.agent(try await scope.register(by: user, type))
            let bytes = Data(count: user.maximumMessageSize + 1)
            let payload = Payload(contentType: "application/x-bytes", bytes: bytes)
            let body = Request.Body.action(name: "take", arguments: ActionArguments(payload: payload))
            try await expectThrows(.messageTooLarge, by: "a broadcast that is too large") {
                _ = try await user.broadcast(Broadcast(from: user.mailboxID, toAgentsOf: type.name, body))
            }
            try await scope.expectNothing(at: agent)
        },
        ConformanceCase(subject, "a broadcast of a closed transport fails with closed") { scope in
            let user = try await scope.user()
            await user.close()
            try await expectThrows(.closed, by: "a broadcast of a closed transport") {
                _ = try await user.broadcast(Broadcast(from: user.mailboxID, toAgentsOf: scope.name("Any"), .ping))
            }
        },
        ConformanceCase(subject, "a broadcast to the root type reaches every agent", isAlone: true) { scope in
            let family = try await Family(in: scope)
            let broadcast = Broadcast(
                from: family.user.mailboxID,
                toAgentsOf: AgentType.rootName,
                deadline: Date(timeIntervalSinceNow: 30),
                .ping
            )
            let asked = try await family.user.broadcast(broadcast)
            let own = (family.ofBase + family.ofSub + [family.other]).map(\.mailboxID)
            let known = asked.map(EntityID.agent).filter { own.contains($0) }
            try expectEqual(Set(known), Set(own), "the case's agents among those that were asked")
            for member in family.ofBase + family.ofSub + [family.other] {
                try expectEqual(try await scope.receiveRequest(at: member).tag, broadcast.tag, "the tag")
            }
        },
    ]
}

/// Agents of a type and of its subtype, here and in the other process, and one of another type.
private struct Family {
    let user: any ExchangeTransport
    let base: AgentType
    let sub: AgentType
    let ofBase: [any ExchangeTransport]
    let ofSub: [any ExchangeTransport]
    let other: any ExchangeTransport

    init(in scope: CaseScope) async throws {
        user = try await scope.user()
        let far = try await scope.user(elsewhere: true)
        base = scope.type("Base")
        sub = scope.type("Sub", parents: [base])
        ofBase = [
            try await scope.agent(try await scope.register(by: user, base)),
            try await scope.agent(try await scope.register(by: far, base), elsewhere: true),
        ]
        ofSub = [
            try await scope.agent(try await scope.register(by: far, sub), elsewhere: true),
            try await scope.agent(try await scope.register(by: user, sub)),
        ]
        other = try await scope.agent(try await scope.register(by: user, scope.type("Other")))
    }

    /// Checks that a broadcast reaches exactly the given agents, and that the user gets each agent's answer.
    func expectReached(
        by broadcast: Broadcast,
        _ members: [any ExchangeTransport],
        in scope: CaseScope
    ) async throws {
        let asked = try await user.broadcast(broadcast)
        try expectEqual(asked.map(EntityID.agent), members.map(\.mailboxID), "the agents that were asked")
        for (member, agent) in zip(members, asked) {
            let request = try await scope.receiveRequest(at: member)
            try expectEqual(request, try broadcast.request(to: agent), "the request that an agent gets")
            try await scope.send(.response(try request.response(encoding: agent.uuid)), by: member)
        }
        for member in ofBase + ofSub + [other] where !members.contains(where: { $0 === member }) {
            try await scope.expectNothing(at: member)
        }
        var missing = Set(members.map(\.mailboxID))
        for _ in members {
            let answer = try await scope.receiveResponse(at: user)
            try expect(missing.remove(answer.source) != nil, "one answer of each agent", seen: "\(answer)")
            guard let agent = answer.source.agentID else { continue }
            let request = try broadcast.request(to: agent)
            let result = try expectSuccess(answer, answering: request)
            try expectEqual(try result?.decode(UUID.self), agent.uuid, "the result")
        }
        try await scope.expectNothing(at: user)
    }
}
