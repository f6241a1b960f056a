import AgentExchange
import Foundation

/// The receiver of a mailbox, and the fate of its messages without one.
enum OwnershipCases {
    private static let subject = "ownership"

    static let all = [
        ConformanceCase(subject, "an agent that is not registered, or was terminated, can't be opened") { scope in
            let user = try await scope.user()
            let ghost = AgentRegistration(agentID: AgentID(), type: scope.type("Ghost"))
            let gone = try await scope.register(by: user)
            try await user.terminate(.agent(gone.agentID))
            for elsewhere in [false, true] {
                let factory = scope.factory(elsewhere: elsewhere)
                try await expectThrows(.badEntityID, by: "opening the mailbox of an agent that never was") {
                    scope.keep(try await factory.makeAgentTransport(ghost))
                }
                try await expectThrows(.badEntityID, by: "opening the mailbox of a terminated agent") {
                    scope.keep(try await factory.makeAgentTransport(gone))
                }
            }
        },
        ConformanceCase(
            subject,
            "a mailbox that is open can't be opened again, here or elsewhere",
            needs: [.severalProcesses]
        ) { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let owner = try await scope.agent(registration)
            for elsewhere in [false, true] {
                let error = try await expectThrows(.mailboxInUse, by: "opening a mailbox that is in use") {
                    _ = try await scope.agent(registration, elsewhere: elsewhere)
                }
                try expect(error.isRetryable, "a retry to be worth it")
            }
            let sent = try await scope.ping(owner.mailboxID, from: user)
            try expectEqual(try await scope.receiveRequest(at: owner), sent, "what the owner receives after all that")
        },
        ConformanceCase(subject, "a mailbox can be opened again, here or elsewhere, once its owner has closed") {
            scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            for elsewhere in [false, true, true, false] {
                let owner = try await scope.agent(registration, elsewhere: elsewhere)
                let sent = try await scope.ping(owner.mailboxID, from: user)
                let received = try await scope.receiveRequest(at: owner)
                try expectEqual(received, sent, "what the owner receives")
                try await scope.send(.response(received.response()), by: owner)
                try expectSuccess(try await scope.receiveResponse(at: user), answering: sent)
                await owner.close()
            }
        },
        ConformanceCase(
            subject,
            "closing leaves an agent's mailbox open; the next owner gets what came meanwhile",
            needs: [.durable]
        ) {
            scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let first = try await scope.agent(registration)
            await first.close()
            try expectEqual(try await user.status(of: first.mailboxID), .active, "the status of a closed agent")
            let sent = [
                try await scope.ping(first.mailboxID, from: user),
                try await scope.ping(first.mailboxID, from: user),
            ]
            let second = try await scope.agent(registration, elsewhere: true)
            for request in sent {
                try expectEqual(try await scope.receiveRequest(at: second), request, "a request sent while closed")
            }
        },
        ConformanceCase(
            subject,
            "requests that were not answered are delivered again, in order, as attempt 2",
            needs: [.durable]
        ) {
            scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let first = try await scope.agent(registration)
            var sent: [Request] = []
            for _ in 0..<5 { sent.append(try await scope.ping(first.mailboxID, from: user)) }
            for index in 0..<4 {
                let request = try await scope.receiveRequest(at: first)
                try expectEqual(request.attempt, 1, "the attempt of a request that is new")
                if index == 1 { try await scope.send(.response(request.response()), by: first) }
            }
            try expectSuccess(try await scope.receiveResponse(at: user), answering: sent[1])
            await first.close()
            let second = try await scope.agent(registration, elsewhere: true)
            var tags: [UUID] = []
            for index in 0..<4 {
                let request = try await scope.receiveRequest(at: second)
                tags.append(request.tag)
                if index < 3 { try expectEqual(request.attempt, 2, "the attempt of a request that was given back") }
                try await scope.send(.response(request.response()), by: second)
            }
            let wanted = [sent[0], sent[2], sent[3], sent[4]]
            try expectEqual(tags, wanted.map(\.tag), "the requests that were given back, in order")
            for request in wanted {
                try expectSuccess(try await scope.receiveResponse(at: user), answering: request)
            }
            try await scope.expectNothing(at: second)
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "a request that was answered with an error is settled too") { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let first = try await scope.agent(registration)
            let sent = try await scope.ping(first.mailboxID, from: user)
            let received = try await scope.receiveRequest(at: first)
            try await scope.send(.response(received.error(.remote, "it failed")), by: first)
            try expectFailure(.remote, try await scope.receiveResponse(at: user), answering: sent)
            await first.close()
            try await scope.expectNothing(at: try await scope.agent(registration))
        },
        ConformanceCase(subject, "a closed transport can be closed again, and fails everything else with closed") {
            scope in
            let user = try await scope.user()
            let agent = try await scope.register(by: user).agentID
            let closed = try await scope.user()
            await closed.close()
            await closed.close()
            let id = closed.mailboxID
            let ping = Message.request(try Request(from: id, to: .agent(agent), .ping))
            let calls: [(String, @Sendable () async throws -> Void)] = [
                ("send", { try await closed.send(ping) }),
                ("receive", { _ = try await closed.receive(timeout: .seconds(1)) }),
                ("receive without a timeout", { _ = try await closed.receive(timeout: nil) }),
                ("registerAgent", { scope.keep(try await closed.registerAgent(scope.type("Late"))) }),
                ("discover by type", { _ = try await closed.discover(.root) }),
                ("discover by name", { _ = try await closed.discover(named: "nobody") }),
                ("status", { _ = try await closed.status(of: .agent(agent)) }),
                ("details", { _ = try await closed.details(of: .agent(agent)) }),
                ("terminate", { try await closed.terminate(.agent(agent)) }),
            ]
            for (name, call) in calls {
                try await expectThrows(.closed, by: "\(name) after close") {
                    try await withTimeout(scope.environment.timeout, "\(name) to end") { try await call() }
                }
            }
            try expectEqual(try await user.status(of: .agent(agent)), .active, "the status of the agent")
        },
        ConformanceCase(subject, "a waiting receive ends with closed when the transport is closed") { scope in
            let user = try await scope.user()
            let waiting = Task { try await user.receive(timeout: nil) }
            try await scope.expectNothing(at: try await scope.user())
            await user.close()
            try await expectThrows(.closed, by: "a receive whose transport was closed") {
                _ = try await withTimeout(scope.environment.timeout, "receive to end") { try await waiting.value }
            }
        },
        ConformanceCase(
            subject,
            "details tell how many messages wait, and how many receivers are attached",
            needs: [.durable]
        ) { scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            let missing = try await user.details(of: .agent(AgentID()))
            try expectEqual(missing, MailboxDetails(status: .missing), "the details of an agent that never was")
            let registration = try await scope.register(by: user)
            let id = EntityID.agent(registration.agentID)
            for _ in 0..<3 { try await scope.ping(id, from: user) }
            let waiting = MailboxDetails(status: .active, queuedMessages: 3, attachedConsumers: 0)
            try await scope.eventually("three messages to wait, and no receiver") {
                try await other.queueDetails(of: id) == waiting
            }
            let agent = try await scope.agent(registration)
            for _ in 0..<3 { _ = try await scope.receiveRequest(at: agent) }
            let held = MailboxDetails(status: .active, queuedMessages: 0, attachedConsumers: 1)
            try await scope.eventually("no message to wait, and one receiver") {
                try await other.queueDetails(of: id) == held
            }
            await agent.close()
            try await scope.eventually("three messages to wait again, and no receiver") {
                try await other.queueDetails(of: id) == waiting
            }
            try await user.terminate(id)
            try await scope.eventually("the details of a terminated mailbox") {
                try await other.details(of: id) == MailboxDetails(status: .terminated)
            }
        },
        ConformanceCase(
            subject,
            "a mailbox that is opened and closed again and again holds its messages, and nothing else",
            needs: [.durable]
        ) { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let id = EntityID.agent(registration.agentID)
            for _ in 0..<2 { try await scope.ping(id, from: user) }
            for _ in 0..<3 { await (try await scope.agent(registration)).close() }
            let waiting = MailboxDetails(status: .active, queuedMessages: 2, attachedConsumers: 0)
            try await scope.eventually("the two messages to wait, and no receiver") {
                try await user.queueDetails(of: id) == waiting
            }
            let agent = try await scope.agent(registration)
            for _ in 0..<2 { try await agent.send(.response(try await scope.receiveRequest(at: agent).response())) }
            for _ in 0..<2 { _ = try await scope.receiveResponse(at: user) }
        },
    ]
}

extension ExchangeTransport {
    /// Returns the details of a mailbox without the requests that are not in its queue.
    fileprivate func queueDetails(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        var details = try await details(of: id)
        details.directRequests = nil
        return details
    }
}
