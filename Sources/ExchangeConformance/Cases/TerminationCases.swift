import AgentExchange
import Foundation

/// The end of a mailbox.
enum TerminationCases {
    private static let subject = "termination"

    static let all = [
        ConformanceCase(subject, "terminating a mailbox that never was does nothing") { scope in
            let user = try await scope.user()
            for id in [EntityID.user(UserID()), .agent(AgentID())] {
                try await user.terminate(id)
                try expectEqual(try await user.status(of: id), .missing, "the status afterwards")
                try await expectThrows(.badEntityID, by: "a send to it") { try await scope.ping(id, from: user) }
            }
        },
        ConformanceCase(subject, "terminating twice is like terminating once, from anywhere") { scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            let id = EntityID.agent(try await scope.register(by: user).agentID)
            let sent = try await scope.ping(id, from: user)
            for terminator in [user, user, other, user] { try await terminator.terminate(id) }
            try expectFailure(.mailboxTerminated, try await scope.receiveResponse(at: user), answering: sent)
            try await scope.expectNothing(at: user)
            try expectEqual(try await other.status(of: id), .terminated, "the status")
        },
        ConformanceCase(subject, "several may terminate a mailbox at the same time; each request is answered once") {
            scope in
            let user = try await scope.user()
            let id = EntityID.agent(try await scope.register(by: user).agentID)
            var sent: Set<UUID> = []
            for _ in 0..<20 { sent.insert(try await scope.ping(id, from: user).tag) }
            var terminators: [any ExchangeTransport] = []
            for index in 0..<6 { terminators.append(try await scope.user(elsewhere: index.isMultiple(of: 2))) }
            let limit = scope.environment.timeout
            try await withTimeout(limit, "every terminate to return") { [terminators] in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for terminator in terminators { group.addTask { try await terminator.terminate(id) } }
                    try await group.waitForAll()
                }
            }
            try await scope.expectTerminated(sent, at: user)
        },
        ConformanceCase(subject, "it answers the request that was taken and the one that was not, and nothing else") {
            scope in
            try await terminate(elsewhere: nil, in: scope)
        },
        ConformanceCase(subject, "it answers the same when another client terminates") { scope in
            try await terminate(elsewhere: false, in: scope)
        },
        ConformanceCase(subject, "it answers the same when a client elsewhere terminates", needs: [.severalProcesses]) {
            scope in
            try await terminate(elsewhere: true, in: scope)
        },
        ConformanceCase(subject, "it answers what waits in a mailbox that nobody has opened", needs: [.durable]) {
            scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            let id = EntityID.agent(try await scope.register(by: user).agentID)
            let sent = [try await scope.ping(id, from: user, label: UUID()), try await scope.ping(id, from: other)]
            try await user.terminate(id)
            try expectFailure(.mailboxTerminated, try await scope.receiveResponse(at: user), answering: sent[0])
            try expectFailure(.mailboxTerminated, try await scope.receiveResponse(at: other), answering: sent[1])
            for requester in [user, other] { try await scope.expectNothing(at: requester) }
        },
        ConformanceCase(subject, "it answers every one of many waiting requests once, taken ones and others") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user))
            var sent: Set<UUID> = []
            for _ in 0..<scope.environment.scale.backlog {
                sent.insert(try await scope.ping(agent.mailboxID, from: user).tag)
            }
            for index in 0..<20 {
                let request = try await scope.receiveRequest(at: agent)
                if index < 10 {
                    try await scope.send(.response(request.response()), by: agent)
                    try expectSuccess(try await scope.receiveResponse(at: user), answering: request)
                    sent.remove(request.tag)
                }
            }
            try await scope.user(elsewhere: true).terminate(agent.mailboxID)
            try await scope.expectTerminated(sent, at: user)
        },
        ConformanceCase(subject, "an answer that was sent before is not followed by a second one") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user))
            let sent = try await scope.ping(agent.mailboxID, from: user)
            let request = try await scope.receiveRequest(at: agent)
            try await scope.send(.response(request.response()), by: agent)
            try await user.terminate(agent.mailboxID)
            try expectSuccess(try await scope.receiveResponse(at: user), answering: sent)
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "an answer that comes after the termination does not reach the requester") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let sent = try await scope.ping(agent.mailboxID, from: user)
            let request = try await scope.receiveRequest(at: agent)
            try await user.terminate(agent.mailboxID)
            try expectFailure(.mailboxTerminated, try await scope.receiveResponse(at: user), answering: sent)
            do {
                try await scope.send(.response(request.response()), by: agent)
            } catch let error as ExchangeError where error.code == .mailboxTerminated || error.code == .closed {
                // Reporting it is as good as dropping it.
            }
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "receive on a terminated mailbox fails with mailboxTerminated, again and again") {
            scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            for terminator in [user, other] {
                let agent = try await scope.agent(try await scope.register(by: user))
                try await scope.ping(agent.mailboxID, from: user)
                try await terminator.terminate(agent.mailboxID)
                for _ in 0..<2 {
                    try await expectThrows(.mailboxTerminated, by: "receive on a terminated mailbox") {
                        _ = try await scope.receive(at: agent)
                    }
                }
                try expectFailure(.mailboxTerminated, try await scope.receiveResponse(at: user))
            }
            try await user.terminate(user.mailboxID)
            try await expectThrows(.mailboxTerminated, by: "a user's receive on its terminated mailbox") {
                _ = try await scope.receive(at: user)
            }
        },
        ConformanceCase(subject, "a waiting receive ends with mailboxTerminated, also when terminated from elsewhere") {
            scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            let limit = scope.environment.timeout
            for terminator in [user, other] {
                let agent = try await scope.agent(try await scope.register(by: user))
                let waiting = Task { try await agent.receive(timeout: nil) }
                try await scope.expectNothing(at: user)
                try await terminator.terminate(agent.mailboxID)
                try await expectThrows(.mailboxTerminated, by: "a receive that waited") {
                    _ = try await withTimeout(limit, "receive to end") { try await waiting.value }
                }
            }
        },
        ConformanceCase(subject, "a requester that is terminated has no more to do with its requests") { scope in
            let user = try await scope.user()
            let gone = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            try await scope.ping(agent.mailboxID, from: gone)
            try await scope.ping(gone.mailboxID, from: gone)
            try await user.terminate(gone.mailboxID)
            try expectEqual(try await user.status(of: gone.mailboxID), .terminated, "the status of the requester")
            _ = try await scope.receiveRequest(at: agent)
            try await user.terminate(agent.mailboxID)
            try expectEqual(try await user.status(of: agent.mailboxID), .terminated, "the status of the agent")
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "an agent that was terminated and closed does not come back") { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let agent = try await scope.agent(registration)
            let sent = try await scope.ping(agent.mailboxID, from: user)
            _ = try await scope.receiveRequest(at: agent)
            try await agent.terminate(agent.mailboxID)
            await agent.close()
            try expectFailure(.mailboxTerminated, try await scope.receiveResponse(at: user), answering: sent)
            try await scope.expectNothing(at: user)
            try await expectThrows(.badEntityID, by: "opening it again") { _ = try await scope.agent(registration) }
            try expectEqual(try await user.status(of: agent.mailboxID), .terminated, "the status")
        },
        ConformanceCase(
            subject,
            "what an agent has taken is answered also when it closed before the termination",
            needs: [.durable]
        ) {
            scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user))
            let sent = [
                try await scope.ping(agent.mailboxID, from: user),
                try await scope.ping(agent.mailboxID, from: user),
            ]
            _ = try await scope.receiveRequest(at: agent)
            await agent.close()
            try await user.terminate(agent.mailboxID)
            try await scope.expectTerminated(Set(sent.map(\.tag)), at: user)
        },
    ]

    /// Two requests of a user, one taken and one not, and between them an answer that the agent itself asked for.
    private static func terminate(elsewhere: Bool?, in scope: CaseScope) async throws {
        let user = try await scope.user()
        let helper = try await scope.agent(try await scope.register(by: user))
        let agent = try await scope.agent(try await scope.register(by: user))
        let taken = try await scope.ping(agent.mailboxID, from: user, label: UUID())
        try expectEqual(try await scope.receiveRequest(at: agent), taken, "the first request")
        try await scope.ping(helper.mailboxID, from: agent)
        let asked = try await scope.receiveRequest(at: helper)
        try await scope.send(.response(asked.response()), by: helper)
        let waiting = try await scope.ping(agent.mailboxID, from: user, label: UUID())
        if let elsewhere {
            try await scope.user(elsewhere: elsewhere).terminate(agent.mailboxID)
        } else {
            try await agent.terminate(agent.mailboxID)
        }
        var open = [taken.tag: taken, waiting.tag: waiting]
        for _ in 0..<2 {
            let response = try await scope.receiveResponse(at: user)
            let request = open.removeValue(forKey: response.tag)
            try expect(request != nil, "the answer to one of the two requests", seen: "\(response)")
            try expectFailure(.mailboxTerminated, response, answering: request)
        }
        try await scope.expectNothing(at: user)
        try await scope.expectNothing(at: helper)
    }
}

extension CaseScope {
    /// Checks that each of the requests is answered once with `mailboxTerminated`, and nothing else arrives.
    func expectTerminated(_ sent: Set<UUID>, at user: any ExchangeTransport) async throws {
        var left = sent
        for _ in sent {
            let response = try await receiveResponse(at: user)
            try expectFailure(.mailboxTerminated, response)
            let isOpen = left.remove(response.tag) != nil
            try expect(isOpen, "one answer to each of \(sent.count) requests", seen: "another \(response)")
        }
        try await expectNothing(at: user)
    }
}
