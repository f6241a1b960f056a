import AgentExchange
import Foundation

/// Mailboxes, sending and receiving.
enum TransportCases {
    private static let subject = "transport"

    static let all = [
        ConformanceCase(subject, "a registered agent has an active mailbox, and the type and name it was given") {
            scope in
            let user = try await scope.user()
            let type = scope.type("Registered")
            let registration = try await scope.register(by: user, type, name: "first")
            try expectEqual(registration.type, type, "the registered type")
            try expectEqual(registration.agentID.name, "first", "the agent's display name")
            try expectEqual(try await user.status(of: .agent(registration.agentID)), .active, "the status")
            let second = try await scope.register(by: user, type, name: "first")
            try expect(second.agentID != registration.agentID, "two registrations to be two agents")
        },
        ConformanceCase(
            subject,
            "a mailbox is missing, then active, then terminated, seen from everywhere",
            needs: [.severalProcesses]
        ) { scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            for seenBy in [user, other] {
                let nobody = EntityID.user(UserID())
                try expectEqual(try await seenBy.status(of: nobody), .missing, "the status of a user that never was")
                let ghost = EntityID.agent(AgentID())
                try expectEqual(try await seenBy.status(of: ghost), .missing, "the status of an agent that never was")
            }
            let agent = EntityID.agent(try await scope.register(by: user).agentID)
            for seenBy in [user, other] {
                try expectEqual(try await seenBy.status(of: agent), .active, "the status after registration")
                try expectEqual(try await seenBy.status(of: user.mailboxID), .active, "the status of a user")
            }
            try await user.terminate(agent)
            for seenBy in [user, other] {
                try expectEqual(try await seenBy.status(of: agent), .terminated, "the status after termination")
            }
        },
        ConformanceCase(subject, "a message that is sent to its own sender arrives") { scope in
            let user = try await scope.user()
            for _ in 0..<3 {
                let sent = try await scope.ping(user.mailboxID, from: user)
                try expectEqual(try await scope.receive(at: user), .request(sent), "the received message")
            }
        },
        ConformanceCase(subject, "messages arrive in the order in which they were sent, requests and answers alike") {
            scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            var sent: [UUID] = []
            for _ in 0..<200 { sent.append(try await scope.ping(agent.mailboxID, from: user).tag) }
            var received: [UUID] = []
            for _ in sent {
                let request = try await scope.receiveRequest(at: agent)
                received.append(request.tag)
                try await scope.send(.response(request.response()), by: agent)
            }
            try expectEqual(received, sent, "the tags of the requests, in order")
            var answered: [UUID] = []
            for _ in sent { answered.append(try await scope.receiveResponse(at: user).tag) }
            try expectEqual(answered, sent, "the tags of the answers, in order")
            try await scope.expectNothing(at: agent)
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "users do not receive each other's answers") { scope in
            let users = [try await scope.user(), try await scope.user(), try await scope.user(elsewhere: true)]
            let agent = try await scope.agent(try await scope.register(by: users[0]))
            var sent: [EntityID: Set<UUID>] = [:]
            for user in users + users + users {
                sent[user.mailboxID, default: []].insert(try await scope.ping(agent.mailboxID, from: user).tag)
                let request = try await scope.receiveRequest(at: agent)
                try await scope.send(.response(request.response()), by: agent)
            }
            for user in users {
                var received: Set<UUID> = []
                for _ in 0..<3 { received.insert(try await scope.receiveResponse(at: user).tag) }
                try expectEqual(received, sent[user.mailboxID] ?? [], "the tags of a user's answers")
                try await scope.expectNothing(at: user)
            }
        },
        ConformanceCase(subject, "a send to a mailbox that never was fails with badEntityID and is not delivered") {
            scope in
            let user = try await scope.user()
            for destination in [EntityID.agent(AgentID()), .user(UserID())] {
                let error = try await expectThrows(.badEntityID, by: "a send to nobody") {
                    try await scope.ping(destination, from: user)
                }
                try expectUndelivered(error)
                try expect(!error.isRetryable, "a send to nobody not to be worth a retry")
            }
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "an agent and a user with the same UUID have nothing to do with each other") { scope in
            let user = try await scope.user()
            let agent = try await scope.register(by: user).agentID
            let namesake = EntityID.user(UserID(uuid: agent.uuid))
            try expectEqual(try await user.status(of: namesake), .missing, "the status of a user with an agent's UUID")
            try await expectThrows(.badEntityID, by: "a send to a user with an agent's UUID") {
                try await scope.ping(namesake, from: user)
            }
            try await user.terminate(namesake)
            try expectEqual(try await user.status(of: .agent(agent)), .active, "the status of the agent")
        },
        ConformanceCase(
            subject,
            "a send to a terminated mailbox fails with mailboxTerminated, from everywhere",
            needs: [.severalProcesses]
        ) {
            scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            let agent = EntityID.agent(try await scope.register(by: user).agentID)
            try await user.terminate(agent)
            for sender in [user, other] {
                let error = try await expectThrows(.mailboxTerminated, by: "a send to a terminated agent") {
                    try await scope.ping(agent, from: sender)
                }
                try expectUndelivered(error)
                try await scope.expectNothing(at: sender)
            }
        },
        ConformanceCase(subject, "receive ends with deadlineExceeded after its timeout, and loses nothing") { scope in
            let user = try await scope.user()
            let start = ContinuousClock.now
            try await scope.expectNothing(at: user)
            let waited = start.duration(to: .now)
            let least = scope.environment.quiet * 0.9
            try expect(waited >= least, "receive to wait \(scope.environment.quiet)", seen: "\(waited)")
            try await expectThrows(.deadlineExceeded, by: "receive with no time at all") {
                _ = try await user.receive(timeout: .zero)
            }
            let sent = try await scope.ping(user.mailboxID, from: user)
            try expectEqual(try await scope.receive(at: user), .request(sent), "what is received afterwards")
        },
        ConformanceCase(subject, "receive ends with cancelled when its task is, and loses nothing") { scope in
            let user = try await scope.user()
            let waiting = Task { try await user.receive(timeout: nil) }
            // The task may already be waiting or not; both must end.
            try await scope.expectNothing(at: try await scope.user())
            waiting.cancel()
            try await expectThrows(.cancelled, by: "a receive whose task was cancelled") {
                _ = try await withTimeout(scope.environment.timeout, "receive to end") { try await waiting.value }
            }
            let sent = try await scope.ping(user.mailboxID, from: user)
            try expectEqual(try await scope.receive(at: user), .request(sent), "what is received afterwards")
        },
        ConformanceCase(subject, "a waiting receive gets a message that comes later") { scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            let waiting = Task { try await scope.receive(at: user) }
            try await scope.expectNothing(at: other)
            let sent = try await scope.ping(user.mailboxID, from: other)
            try expectEqual(try await waiting.value, .request(sent), "the received message")
        },
        ConformanceCase(subject, "the sequence of messages yields them in order, and ends when the transport is closed")
        {
            scope in
            let user = try await scope.user()
            let sent = [
                try await scope.ping(user.mailboxID, from: user).tag,
                try await scope.ping(user.mailboxID, from: user).tag,
            ]
            let seen = try await withTimeout(scope.environment.timeout, "the sequence to end") {
                var seen: [UUID] = []
                for try await message in user.messages {
                    seen.append(message.tag)
                    if seen.count == 2 { await user.close() }
                }
                return seen
            }
            try expectEqual(seen, sent, "the tags of the messages")
        },
        ConformanceCase(subject, "the sequence of messages ends when the task is cancelled") { scope in
            let user = try await scope.user()
            let reading = Task { for try await _ in user.messages {} }
            reading.cancel()
            try await withTimeout(scope.environment.timeout, "the sequence to end") { try await reading.value }
            let sent = try await scope.ping(user.mailboxID, from: user)
            try expectEqual(try await scope.receive(at: user), .request(sent), "what is received afterwards")
        },
        ConformanceCase(subject, "the sequence of messages fails when the mailbox is terminated") { scope in
            let user = try await scope.user()
            let reading = Task { for try await _ in user.messages {} }
            try await user.terminate(user.mailboxID)
            try await expectThrows(.mailboxTerminated, by: "the sequence of a terminated mailbox") {
                try await withTimeout(scope.environment.timeout, "the sequence to end") { try await reading.value }
            }
        },
    ]
}
