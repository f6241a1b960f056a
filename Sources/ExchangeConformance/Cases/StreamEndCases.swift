import AgentExchange
import Foundation

/// How streamed results end early.
enum StreamEndCases {
    private static let subject = "ends of streams"

    static let all = [
        ConformanceCase(subject, "leaving the loop cancels the action") { scope in
            let user = try await scope.userClient()
            let agent = StreamingAgent()
            let handle = try await scope.serve(for: user, handler: agent.handler)
            try await withTimeout(scope.environment.timeout, "three parts") {
                var pulled = 0
                for try await _ in handle.stream("count", try ActionArguments(100_000)) {
                    pulled += 1
                    if pulled == 3 { break }
                }
            }
            try await scope.wait(for: agent.cancelled, "the task of the action to be cancelled")
            _ = try await handle.ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(subject, "cancelling the task that pulls ends the stream and cancels the action") { scope in
            let user = try await scope.userClient()
            let agent = StreamingAgent()
            let handle = try await scope.serve(for: user, handler: agent.handler)
            let pulling = Task { try await handle.numbers("stick", 2) }
            try await scope.eventually("the action to stream") { agent.sent.count == 2 }
            pulling.cancel()
            let result = try await scope.value(of: pulling, "the stream to end")
            try expectEqual(result.error?.code, .cancelled, "the error of a cancelled stream")
            try await scope.wait(for: agent.cancelled, "the task of the action to be cancelled")
            _ = try await handle.ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(subject, "a client that closes cancels the actions whose streams it pulls") { scope in
            let user = try await scope.userClient()
            let agent = StreamingAgent()
            let handle = try await scope.serve(for: user, handler: agent.handler)
            let pulling = Task { try await handle.numbers("stick", 2) }
            try await scope.eventually("the action to stream") { agent.sent.count == 2 }
            await user.close()
            let result = try await scope.value(of: pulling, "the stream to end")
            try expectEqual(result.error?.code, .closed, "the error of a stream of a closed client")
            try await scope.wait(for: agent.cancelled, "the task of the action to be cancelled")
        },
        ConformanceCase(subject, "a stream ends at its deadline, after the parts that had come, and is cancelled") {
            scope in
            let user = try await scope.userClient()
            let agent = StreamingAgent()
            let handle = try await scope.serve(for: user, handler: agent.handler)
            _ = try await handle.ping(timeout: scope.environment.timeout)
            var deadline = Duration.seconds(3)
            while true {
                let (start, limit) = (ContinuousClock.now, deadline)
                let result = try await scope.ending { try await handle.numbers("stick", 2, deadline: limit) }
                let time = start.duration(to: .now)
                try expectEqual(result.error?.code, .deadlineExceeded, "the error of a stream past its deadline")
                try expect(time >= limit, "it not to end before its deadline", seen: "\(time)")
                // A busy machine may need longer until the action has begun.
                if agent.sent.count < 2, deadline < scope.environment.timeout / 4 {
                    deadline *= 4
                    continue
                }
                try expectEqual(result.numbers, [0, 1], "the parts before the deadline")
                break
            }
            try await scope.wait(for: agent.cancelled, "the task of the action to be cancelled")
        },
        ConformanceCase(subject, "an agent that waits for credit gives up at the deadline") { scope in
            let user = try await scope.user()
            let ended = Collected<ExchangeError.Code?>()
            let registration = try await scope.register(by: user)
            let agent = try await scope.agentClient(registration, elsewhere: true) { request, client in
                do {
                    while true { try await client.send(part: .empty, of: request) }
                } catch {
                    ended.add((error as? ExchangeError)?.code)
                }
                return request.response()
            }
            // On a busy machine the request may be sent or taken too late: then it gets more time.
            var parts: [Response.Outcome] = []
            for seconds in [1.0, 4, 16] where parts.count < 3 {
                let request = try Request(
                    from: user.mailboxID,
                    to: agent.id,
                    deadline: Date(timeIntervalSinceNow: seconds),
                    credit: 3,
                    .action(name: "stream", arguments: .none)
                )
                do {
                    try await scope.send(.request(request), by: user)
                } catch let error as ExchangeError where error.code == .deadlineExceeded {
                    continue
                }
                parts = []
                while true {
                    let answer = try await scope.receiveResponse(at: user)
                    // A request that was sent too late may be answered all the same.
                    guard answer.tag == request.tag else { continue }
                    if answer.isTerminal { break }
                    parts.append(answer.outcome)
                }
            }
            try expectEqual(parts, (0..<3).map { .part($0, .empty) }, "the parts for which there is credit")
            try await scope.eventually("the agent to give up") { ended.count > 0 }
            try expectEqual(Set(ended.elements), [.deadlineExceeded], "why the agent gives up")
        },
        ConformanceCase(subject, "a part beyond the credit ends the stream, and the agent is told") { scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let agent = try await scope.agent(registration, elsewhere: true)
            let handle = user.handle(to: registration.agentID)
            let pulling = Task { try await handle.numbers("burst", 0) }
            let request = try await scope.receiveRequest(at: agent)
            for number in [0, 1000] {
                try await scope.send(.response(request.part(number, try Payload(encoding: number))), by: agent)
            }
            let result = try await scope.value(of: pulling, "the stream to end")
            try expectEqual(result.numbers, [0], "the parts before")
            try expectEqual(result.error?.code, .invalidMessage, "the error of the stream")
            let notice = try await scope.receive(at: agent)
            try expectEqual(notice.tag, request.tag, "what the agent is told of")
        },
        ConformanceCase(subject, "when the agent's client closes, the stream ends with interrupted in bounded time") {
            scope in
            let user = try await scope.userClient()
            let agent = StreamingAgent()
            let registration = try await scope.register(by: user.transport)
            let client = try await scope.agentClient(registration, elsewhere: true, handler: agent.handler)
            let handle = user.handle(to: registration.agentID)
            let pulling = Task { try await handle.numbers("stick", 2) }
            try await scope.eventually("the action to stream") { agent.sent.count == 2 }
            await client.close()
            let result = try await scope.value(of: pulling, "the stream to end")
            try expectEqual(result.numbers, [0, 1], "the parts before")
            try expectEqual(result.error?.code, .interrupted, "the error of a stream whose agent closed")
        },
        ConformanceCase(
            subject,
            "when the agent is started again, the stream is interrupted, and does not run again",
            needs: [.durable]
        ) {
            scope in
            let user = try await scope.userClient()
            let (first, second) = (StreamingAgent(), StreamingAgent())
            let registration = try await scope.register(by: user.transport)
            let client = try await scope.agentClient(registration, handler: first.handler)
            let handle = user.handle(to: registration.agentID)
            let pulling = Task { try await handle.numbers("stick", 2) }
            try await scope.eventually("the action to stream") { first.sent.count == 2 }
            await client.close()
            _ = try await scope.agentClient(registration, elsewhere: true, handler: second.handler)
            let result = try await scope.value(of: pulling, "the stream to end")
            try expectEqual(result.numbers, [0, 1], "the parts before")
            try expectEqual(result.error?.code, .interrupted, "the error of a stream whose agent started again")
            _ = try await handle.ping(timeout: scope.environment.timeout)
            try expectEqual(second.begun.elements, [], "what the new incarnation runs")
        },
        ConformanceCase(subject, "when the agent is terminated, the stream ends with mailboxTerminated") { scope in
            let user = try await scope.userClient()
            let agent = StreamingAgent()
            let handle = try await scope.serve(for: user, handler: agent.handler)
            let pulling = Task { try await handle.numbers("stick", 2) }
            try await scope.eventually("the action to stream") { agent.sent.count == 2 }
            try await user.terminate(handle.agentID)
            let result = try await scope.value(of: pulling, "the stream to end")
            try expectEqual(result.numbers, [0, 1], "the parts before")
            try expectEqual(result.error?.code, .mailboxTerminated, "the error of a stream whose agent is terminated")
            try await scope.wait(for: agent.cancelled, "the task of the action to be cancelled")
        },
        ConformanceCase(subject, "a stream of an agent that never was, or was terminated, fails at once") { scope in
            let user = try await scope.userClient()
            let gone = try await scope.register(by: user.transport)
            try await user.terminate(gone.agentID)
            let agents: [(AgentID, ExchangeError.Code)] = [
                (AgentID(), .badEntityID), (gone.agentID, .mailboxTerminated),
            ]
            for (agent, code) in agents {
                let handle = user.handle(to: agent)
                let result = try await scope.ending { try await handle.numbers("count", 2) }
                try expectEqual(result.error?.code, code, "the error")
                try expectEqual(result.error?.delivery, .refused, "what became of the request")
            }
        },
    ]
}
