import AgentExchange
import Foundation

/// Handing over under load, and terminating a mailbox for which others stand by.
enum StandbyEndCases {
    private static let subject = "standby"

    static let all = [
        ConformanceCase(
            subject,
            "a handover under load loses nothing, and each request is answered once",
            patience: { _ in 10 }
        ) {
            scope in
            let count = scope.environment.scale.backlog
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let id = EntityID.agent(registration.agentID)
            let served = Collected<UUID>()
            let handler: RequestHandler = { request, _ in
                served.add(request.tag)
                return request.response()
            }
            var clients = [
                try await scope.agentClient(registration, mode: .standby, handler: handler),
                try await scope.agentClient(registration, elsewhere: true, mode: .standby, handler: handler),
                try await scope.agentClient(registration, mode: .standby, handler: handler),
            ]
            let sending = Task {
                var tags: Set<UUID> = []
                for _ in 0..<count { tags.insert(try await scope.ping(id, from: user).tag) }
                return tags
            }
            var answered: Set<UUID> = []
            for number in 0..<count {
                if number == count / 4 || number == count / 2 { await clients.removeFirst().close() }
                let response = try await scope.receiveResponse(at: user)
                try expect(answered.insert(response.tag).inserted, "one answer to each request", seen: "a second one")
                try expectEqual(response.outcome, .success(nil), "an answer")
            }
            try expectEqual(answered, try await scope.value(of: sending, "sending to end"), "what was answered")
            try await scope.expectNothing(at: user)
            try expectEqual(Set(served.elements), answered, "what was served")
        },
        ConformanceCase(
            subject,
            "terminating the mailbox ends the receiver and those that stand by, and answers each request once",
            patience: { _ in 10 }
        ) { scope in
            for (isFar, isTerminatedFar) in [(false, false), (true, false), (false, true), (true, true)] {
                let user = try await scope.user()
                let registration = try await scope.register(by: user)
                let first = try await scope.agent(registration)
                let second = try await scope.agent(registration, elsewhere: isFar, mode: .standby)
                let waiting = Task { try await second.receive(timeout: scope.environment.timeout) }
                let sent = [
                    try await scope.ping(first.mailboxID, from: user),
                    try await scope.ping(first.mailboxID, from: user),
                ]
                _ = try await scope.receiveRequest(at: first)
                let terminator = try await scope.user(elsewhere: isTerminatedFar)
                try await terminator.terminate(first.mailboxID)
                for request in sent {
                    let answer = try await scope.receiveResponse(at: user)
                    try expectFailure(.mailboxTerminated, answer)
                    try expect(sent.contains { $0.tag == answer.tag }, "an answer to \(request.tag)", seen: "\(answer)")
                }
                try await scope.expectNothing(at: user)
                try await expectThrows(.mailboxTerminated, by: "receiving as one that stood by") {
                    _ = try await scope.value(of: waiting, "receive to return")
                }
                try await expectThrows(.mailboxTerminated, by: "receiving from a terminated mailbox") {
                    _ = try await scope.receive(at: first)
                }
            }
        },
        ConformanceCase(
            subject,
            "terminating after a handover that nobody has noticed is prompt",
            patience: { _ in 8 },
            isAlone: true
        ) { scope in
            let user = try await scope.user()
            // A wait in vain takes as long in each round; a busy machine delays some.
            var (times, isPrompt) = ([Duration](), false)
            while !isPrompt, times.count < 3 {
                let registration = try await scope.register(by: user)
                let first = try await scope.agent(registration)
                let second = try await scope.agent(registration, elsewhere: true, mode: .standby)
                await first.close()
                let start = ContinuousClock.now
                try await user.terminate(first.mailboxID)
                times.append(start.duration(to: .now))
                isPrompt = times.contains { $0 < .seconds(4) }
                try await expectThrows(.mailboxTerminated, by: "receiving from a terminated mailbox") {
                    _ = try await scope.receive(at: second)
                }
            }
            try expect(isPrompt, "terminate not to wait for one that holds nothing", seen: "\(times)")
        },
        ConformanceCase(subject, "a client that took over serves, cancels and streams like any other") { scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let (one, two) = (StreamingAgent(), StreamingAgent())
            let first = try await scope.agentClient(registration, mode: .standby, handler: one.handler)
            _ = try await scope.agentClient(registration, elsewhere: true, mode: .standby, handler: two.handler)
            let handle = user.handle(to: registration.agentID)
            _ = try await handle.ping(timeout: scope.environment.timeout)
            await first.close()
            let result = try await scope.ending { try await handle.numbers("count", 100) }
            try expectEqual(result.numbers, Array(0..<100), "the parts")
            try expectEqual(one.begun.count, 0, "what the first has run")
            let pulling = Task { try await handle.numbers("stick", 1) }
            try await scope.eventually("the action to stream") { two.sent.count == 101 }
            pulling.cancel()
            try await scope.wait(for: two.cancelled, "the task of the action to be cancelled")
            _ = try await scope.value(of: pulling, "the stream to end")
        },
    ]
}
