import AgentExchange
import Foundation
import Logging

/// Every accepted request gets one answer, not two.
enum AnswerCases {
    private static let subject = "answers"

    static let all = [
        ConformanceCase(subject, "of two answers to one request the requester gets the first only") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let sent = try await scope.ping(agent.mailboxID, from: user)
            let request = try await scope.receiveRequest(at: agent)
            try await scope.send(.response(request.response(try Payload(encoding: "first"))), by: agent)
            do {
                try await scope.send(.response(request.response(try Payload(encoding: "second"))), by: agent)
            } catch is ExchangeError {
                // Refusing the second answer is as good as dropping it.
            }
            let result = try expectSuccess(try await scope.receiveResponse(at: user), answering: sent)
            try expectEqual(try result?.decode(String.self), "first", "the answer")
            try await scope.expectNothing(at: user)
            try await scope.expectAlive(agent, for: user)
        },
        ConformanceCase(subject, "only the agent that was asked can answer: a call, and a question to all of a type") {
            scope in
            let log = ConformanceLog()
            let user = try await scope.userClient(log.configuration(of: scope))
            let stranger = try await scope.agent(try await scope.register(by: user.transport), elsewhere: true)
            let type = scope.type("Asked")
            let registration = try await scope.register(by: user.transport, type)
            // The worst case: the stranger knows the tag and the label.
            _ = try await scope.agentClient(registration, elsewhere: true) { request, _ in
                let same = try Request(
                    from: request.source,
                    to: stranger.mailboxID,
                    tag: request.tag,
                    label: request.label,
                    .action(name: "any", arguments: .none)
                )
                try await scope.send(.response(same.response(try Payload(encoding: "forged"))), by: stranger)
                try await scope.eventually("the forged answer to be refused") {
                    !log.records(about: request.tag, from: .warning).isEmpty
                }
                return try request.response(encoding: "genuine")
            }
            let handle = user.handle(to: registration.agentID)
            try expectEqual(try await handle.action("any", returning: String.self), "genuine", "the answer to a call")
            let answers = try await user.askAll("any", ofType: type)
            try expectEqual(try await scope.collect(answers).map(\.1), [#""genuine""#], "the answers of all")
        },
        ConformanceCase(
            subject,
            "a request whose deadline passes in a mailbox that nobody opened is answered so",
            needs: [.durable]
        ) {
            scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let sent = try await scope.expiringPing(.agent(registration.agentID), from: user)
            try expectFailure(.deadlineExceeded, try await scope.receiveResponse(at: user), answering: sent)
            let agent = try await scope.agent(registration)
            try await scope.expectNothing(at: agent)
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(
            subject,
            "a request whose deadline passes before its receiver takes it is answered, not delivered"
        ) {
            scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user))
            let sent = try await scope.expiringPing(agent.mailboxID, from: user)
            try await scope.wait(until: sent.deadline)
            try await scope.expectNothing(at: agent)
            try expectFailure(.deadlineExceeded, try await scope.receiveResponse(at: user), answering: sent)
            try await scope.expectNothing(at: user)
            try await scope.expectAlive(agent, for: user)
        },
        ConformanceCase(
            subject,
            "a request behind one with a later deadline still expires, and others stay in order",
            needs: [.durable]
        ) {
            scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let id = EntityID.agent(registration.agentID)
            let first = try await scope.ping(id, from: user)
            let short = try await scope.expiringPing(id, from: user)
            let last = try await scope.ping(id, from: user, deadline: .seconds(3600))
            try await scope.wait(until: short.deadline)
            let agent = try await scope.agent(registration)
            try expectEqual(try await scope.receiveRequest(at: agent), first, "the first request")
            try expectEqual(try await scope.receiveRequest(at: agent), last, "the request after the expired one")
            try expectFailure(.deadlineExceeded, try await scope.receiveResponse(at: user), answering: short)
        },
        ConformanceCase(
            subject,
            "a request whose deadline has passed already is refused, or answered so, and not delivered"
        ) {
            scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let past = Date(timeIntervalSinceNow: -1)
            let late = try Request(from: user.mailboxID, to: agent.mailboxID, deadline: past, .ping)
            do {
                try await scope.send(.request(late), by: user)
                try expectFailure(.deadlineExceeded, try await scope.receiveResponse(at: user), answering: late)
            } catch let error as ExchangeError where error.code == .deadlineExceeded {
                try expectUndelivered(error)
            }
            try await scope.expectNothing(at: agent)
            try await scope.expectAlive(agent, for: user)
        },
        ConformanceCase(subject, "a request that was taken before its deadline can be answered") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user))
            let sent = try await scope.ping(agent.mailboxID, from: user, deadline: .seconds(60))
            let request = try await scope.receiveRequest(at: agent)
            try await scope.send(.response(request.response()), by: agent)
            try expectSuccess(try await scope.receiveResponse(at: user), answering: sent)
        },
        ConformanceCase(subject, "an answer to a requester that was terminated does not block the agent") { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let agent = try await scope.agent(registration)
            let gone = try await scope.user(elsewhere: true)
            try await scope.ping(agent.mailboxID, from: gone)
            let request = try await scope.receiveRequest(at: agent)
            try await user.terminate(gone.mailboxID)
            do {
                try await scope.send(.response(request.response()), by: agent)
            } catch let error as ExchangeError where error.code == .mailboxTerminated {
                // Saying so is as good as dropping it.
            }
            try await scope.expectAlive(agent, for: user)
            await agent.close()
            try await scope.expectNothing(at: try await scope.agent(registration))
        },
        ConformanceCase(
            subject,
            "an answer waits for a requester that has closed, when the requester is an agent",
            needs: [.durable]
        ) {
            scope in
            let user = try await scope.user()
            let asking = try await scope.register(by: user)
            let first = try await scope.agent(asking, elsewhere: true)
            let agent = try await scope.agent(try await scope.register(by: user))
            let sent = try await scope.ping(agent.mailboxID, from: first)
            let request = try await scope.receiveRequest(at: agent)
            await first.close()
            try await scope.send(.response(request.response()), by: agent)
            let second = try await scope.agent(asking)
            try expectSuccess(try await scope.receiveResponse(at: second), answering: sent)
        },
        ConformanceCase(
            subject,
            "an answer that an agent had not received when it closed is received by its next owner",
            needs: [.durable]
        ) { scope in
            let user = try await scope.user()
            let asking = try await scope.register(by: user)
            let first = try await scope.agent(asking)
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let sent = try await scope.ping(agent.mailboxID, from: first)
            let request = try await scope.receiveRequest(at: agent)
            try await scope.send(.response(request.response()), by: agent)
            // The agent answers others meanwhile, so that the answer has had time to come as near as it gets.
            try await scope.expectAlive(agent, for: user)
            await first.close()
            let second = try await scope.agent(asking, elsewhere: true)
            try expectSuccess(try await scope.receiveResponse(at: second), answering: sent)
            try await scope.expectNothing(at: second)
        },
        ConformanceCase(subject, "two requesters may use the same tag") { scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            let agent = try await scope.agent(try await scope.register(by: user))
            let tag = UUID()
            for requester in [user, other] {
                let request = try Request(from: requester.mailboxID, to: agent.mailboxID, tag: tag, .ping)
                try await scope.send(.request(request), by: requester)
            }
            for _ in 0..<2 {
                let request = try await scope.receiveRequest(at: agent)
                let result = try Payload(encoding: request.source)
                try await scope.send(.response(request.response(result)), by: agent)
            }
            for requester in [user, other] {
                let response = try await scope.receiveResponse(at: requester)
                try expectEqual(response.tag, tag, "the tag of the answer")
                guard case .success(.some(let result)) = response.outcome else {
                    throw ConformanceFailure(
                        expected: "a result",
                        seen: "\(response)",
                        at: SourceLocation(#fileID, #line)
                    )
                }
                try expectEqual(try result.decode(EntityID.self), requester.mailboxID, "whose request was answered")
                try await scope.expectNothing(at: requester)
            }
        },
    ]
}
