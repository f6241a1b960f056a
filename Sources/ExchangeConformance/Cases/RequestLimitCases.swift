import AgentExchange
import Foundation
internal import Primitives

/// The number of requests that a receiver gets before it answers one.
enum RequestLimitCases {
    private static let subject = "request limits"

    static let all = [
        ConformanceCase(
            subject,
            "a receiver gets no more requests than its limit before it answers; the others stay in the mailbox",
            patience: { _ in 10 }
        ) { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let agent = try await scope.agent(registration, elsewhere: true, requestLimit: 2)
            let sent = try (0..<6).map { _ in try Request(from: user.mailboxID, to: agent.mailboxID, .ping) }
            for request in sent { try await scope.send(.request(request), by: user) }
            func take(_ number: Int) async throws {
                let message = try await scope.receive(at: agent)
                try expectEqual(message.tag, sent[number].tag, "request \(number)")
            }
            for number in 0..<2 { try await take(number) }
            try await scope.expectNothing(at: agent)
            let id = EntityID.agent(registration.agentID)
            try await scope.eventually("four requests to wait in the mailbox") {
                try await user.details(of: id).queuedMessages == 4
            }
            for number in 2..<6 {
                try await scope.send(.response(sent[number - 2].response()), by: agent)
                try await take(number)
                try await scope.expectNothing(at: agent)
            }
            // A response to the agent waits for none of them.
            let other = try await scope.agent(try await scope.register(by: user))
            let asked = try Request(from: agent.mailboxID, to: other.mailboxID, .ping)
            try await scope.send(.request(asked), by: agent)
            _ = try await scope.receive(at: other)
            try await scope.send(.response(asked.response()), by: other)
            try expectEqual(try await scope.receive(at: agent).tag, asked.tag, "the response")
        },
        ConformanceCase(
            subject,
            "a ping and a shutdown are answered by an agent at its limit, past the requests that wait",
            patience: { _ in 10 }
        ) { scope in
            let user = try await scope.userClient()
            let crowd = try await scope.user()
            let registration = try await scope.register(by: user.transport)
            let began = Signal()
            let release = Signal()
            let asked = Collected<Bool?>()
            _ = try await scope.agentClient(registration, elsewhere: true, requestLimit: 1) { request, _ in
                if case .shutdown(let terminate) = request.body { asked.add(terminate) }
                guard case .action = request.body else { return request.response() }
                began.set()
                try await release.reach()
                return request.response()
            }
            for _ in 0..<8 {
                let request = try Request(
                    from: crowd.mailboxID,
                    to: .agent(registration.agentID),
                    .action(name: "wait", arguments: .none)
                )
                try await scope.send(.request(request), by: crowd)
            }
            try await scope.wait(for: began, "the action to start")
            let handle = user.handle(to: registration.agentID)
            _ = try await handle.ping(timeout: scope.environment.timeout)
            try await handle.shutdown(terminate: false)
            // On a slow machine both the notice and the request of one call arrive.
            try expect(Set(asked.elements) == [false], "what was asked to be false", seen: "\(asked.elements)")
            release.set()
        },
        ConformanceCase(
            subject,
            "an agent at its limit tells the actions that it runs and has ended, and no arguments",
            patience: { _ in 10 }
        ) { scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let began = Signal()
            let release = Signal()
            _ = try await scope.agentClient(registration, elsewhere: true, requestLimit: 1) { request, _ in
                guard case .action("wait", _) = request.body else {
                    return request.error(.unknownAction, "no such action")
                }
                began.set()
                try await release.reach()
                return request.response()
            }
            let handle = user.handle(to: registration.agentID)
            try await expectThrows(.unknownAction, by: "an action") { _ = try await handle.action("fail") }
            async let waited = handle.action("wait", try ActionArguments("secret"))
            try await scope.wait(for: began, "the action to start")
            async let queued = handle.action("wait")
            let activity = try await handle.activity(deadline: scope.environment.timeout)
            try expectEqual(activity.running.map(\.action), ["wait"], "the running actions")
            try expectEqual(activity.running.map(\.source), [user.id], "their requesters")
            try expectEqual(activity.runningCount, 1, "their number")
            try expectEqual(activity.running.map(\.ended), [nil], "their ends")
            try expectEqual(activity.failures.map(\.action), ["fail"], "the failures")
            try expectEqual(activity.failures.map(\.code), [.unknownAction], "the errors")
            try expectEqual(activity.finished, activity.failures, "the ended actions")
            release.set()
            _ = try await (waited, queued)
            let last = try await handle.activity(deadline: scope.environment.timeout)
            try expectEqual(last.finished.map(\.action), ["wait", "wait", "fail"], "the ended actions in the end")
            try expectEqual(last.finished.prefix(2).map(\.code), [nil, nil], "the errors in the end")
        },
    ]
}
