import AgentExchange
import Foundation

/// Requests that are handed out at a later time: scheduled by their sender, or put back by their receiver.
enum DelayCases {
    private static let subject = "delays"

    private static let delay = Duration.milliseconds(1200)

    static let all = [
        ConformanceCase(subject, "a scheduled request is handed out at its time, once, and others pass it") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user))
            let scheduled = try await scope.schedule(at: agent.mailboxID, from: user)
            let time = try expectTime(of: scheduled)
            let ping = try await scope.ping(agent.mailboxID, from: user)
            try expectEqual(try await scope.receiveRequest(at: agent).tag, ping.tag, "the request without a time")
            let request = try await scope.receiveRequest(at: agent)
            try expect(Date.now >= time, "the scheduled request not before its time")
            try expectEqual(request, scheduled, "the scheduled request, at its first attempt")
            for answered in [ping, request] { try await scope.send(.response(answered.response()), by: agent) }
            for answered in [ping, scheduled] {
                try expectSuccess(try await scope.receiveResponse(at: user), answering: answered)
            }
            for transport in [agent, user] { try await scope.expectNothing(at: transport) }
        },
        ConformanceCase(subject, "a time that has passed does not delay a request") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user))
            let scheduled = try await scope.schedule(at: agent.mailboxID, from: user, in: .zero - delay)
            let request = try await scope.receiveRequest(at: agent)
            try expectEqual(request, scheduled, "the request")
            try await scope.send(.response(request.response()), by: agent)
            try expectSuccess(try await scope.receiveResponse(at: user), answering: scheduled)
        },
        ConformanceCase(subject, "a scheduled request is sent to no mailbox that is missing or was terminated") {
            scope in
            let user = try await scope.user()
            let ended = try await scope.register(by: user)
            try await user.terminate(.agent(ended.agentID))
            try await expectThrows(.mailboxTerminated, by: "a request to a terminated mailbox") {
                _ = try await scope.schedule(at: .agent(ended.agentID), from: user)
            }
            try await expectThrows(.badEntityID, by: "a request to a missing mailbox") {
                _ = try await scope.schedule(at: .agent(AgentID()), from: user)
            }
        },
        ConformanceCase(
            subject,
            "a scheduled request waits for a receiver that opens the mailbox after its time",
            needs: [.durable]
        ) { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let first = try await scope.agent(registration)
            let scheduled = try await scope.schedule(at: first.mailboxID, from: user)
            try await scope.expectNothing(at: first)
            await first.close()
            try await scope.wait(until: scheduled.notBefore)
            let second = try await scope.agent(registration, elsewhere: true)
            let request = try await scope.receiveRequest(at: second)
            try expectEqual(request.tag, scheduled.tag, "the scheduled request")
            try await scope.send(.response(request.response()), by: second)
            try expectSuccess(try await scope.receiveResponse(at: user), answering: scheduled)
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "a held request that is delayed comes again, as attempt 2, and is answered once") {
            scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), requestLimit: 1)
            let sent = try await scope.schedule(at: agent.mailboxID, from: user, in: nil)
            let first = try await scope.receiveRequest(at: agent)
            try expectEqual(first, sent, "the request")
            let time = Date.after(delay)
            try await agent.delay(first, until: time)
            // Its place is free meanwhile.
            try await scope.expectAlive(agent, for: user)
            let again = try await scope.receiveRequest(at: agent)
            try expect(Date.now.timeIntervalSince(time) > -0.001, "the request not before its time")
            try expectEqual(again.tag, sent.tag, "the request that comes again")
            try expectEqual(again.attempt, 2, "its attempt")
            try expectEqual(again.body, sent.body, "its body")
            try await scope.send(.response(again.response()), by: agent)
            try expectSuccess(try await scope.receiveResponse(at: user), answering: sent)
            for transport in [agent, user] { try await scope.expectNothing(at: transport) }
        },
        ConformanceCase(
            subject,
            "a delayed request outlives its receiver, and goes to the next one",
            needs: [.durable]
        ) { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let first = try await scope.agent(registration)
            let sent = try await scope.schedule(at: first.mailboxID, from: user, in: nil)
            try await first.delay(try await scope.receiveRequest(at: first), until: .after(delay))
            await first.close()
            let second = try await scope.agent(registration, elsewhere: true)
            let again = try await scope.receiveRequest(at: second)
            try expectEqual(again.tag, sent.tag, "the request that comes again")
            try expectEqual(again.attempt, 2, "its attempt")
            try await scope.send(.response(again.response()), by: second)
            try expectSuccess(try await scope.receiveResponse(at: user), answering: sent)
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "only a request that is held and not answered can be delayed") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user))
            let sent = try await scope.schedule(at: agent.mailboxID, from: user, in: nil)
            let request = try await scope.receiveRequest(at: agent)
            let other = try Request(from: user.mailboxID, to: agent.mailboxID, .action(name: "a", arguments: .none))
            try await expectThrows(.invalidMessage, by: "a delay of a request that is not held") {
                try await agent.delay(other, until: .after(delay))
            }
            try await scope.send(.response(request.response()), by: agent)
            try expectSuccess(try await scope.receiveResponse(at: user), answering: sent)
            try await expectThrows(.invalidMessage, by: "a delay of an answered request") {
                try await agent.delay(request, until: .after(delay))
            }
            try await scope.expectNothing(at: agent)
        },
        ConformanceCase(subject, "terminating the mailbox answers the requests that wait for their time") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user))
            let scheduled = try await scope.schedule(at: agent.mailboxID, from: user)
            let sent = try await scope.schedule(at: agent.mailboxID, from: user, in: nil)
            try await agent.delay(try await scope.receiveRequest(at: agent), until: .after(delay))
            try await user.terminate(agent.mailboxID)
            var left: Set<UUID> = [scheduled.tag, sent.tag]
            while !left.isEmpty {
                let response = try await scope.receiveResponse(at: user)
                try expectFailure(.mailboxTerminated, response)
                try expect(left.remove(response.tag) != nil, "one answer to each")
            }
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "a client schedules an action, gets its result, and can cancel it before its time") {
            scope in
            let user = try await scope.userClient()
            let runs = Collected<String>()
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                runs.add(name)
                return request.response(arguments.payload)
            }
            let wait = scope.environment.timeout
            let kept = try await handle.schedule("kept", ActionArguments(7), after: delay, deadline: wait)
            let cancelled = try await handle.schedule("cancelled", after: delay * 2, deadline: wait)
            cancelled.cancel()
            let result = try await kept.result()
            try expect(Date.now >= kept.time, "the result not before the time")
            try expectEqual(result, try ActionArguments(7).payload, "the result")
            try await expectThrows(.cancelled, by: "a cancelled request") { _ = try await cancelled.result() }
            try expectEqual(runs.elements, ["kept"], "the actions that ran")
            try await expectThrows(.invalidMessage, by: "a second result") { _ = try await kept.result() }
        },
    ]

    private static func expectTime(of request: Request) throws -> Date {
        guard let time = request.notBefore else {
            throw ConformanceFailure(expected: "a time", seen: "none", at: SourceLocation(#fileID, #line))
        }
        return time
    }
}

extension CaseScope {
    /// Sends a request that is handed out after a time, or at once when that is `nil`.
    fileprivate func schedule(
        at destination: EntityID,
        from transport: any ExchangeTransport,
        in delay: Duration? = .milliseconds(1200),
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> Request {
        let request = try Request(
            from: transport.mailboxID,
            to: destination,
            notBefore: delay.map(Date.after),
            .action(name: "act", arguments: try ActionArguments("later"))
        )
        try await send(.request(request), by: transport, file: file, line: line)
        return request
    }
}
