import AgentExchange
import Foundation
internal import Primitives

/// Giving up on a call.
enum CancellationCases {
    private static let subject = "cancellation"

    static let all = [
        ConformanceCase(subject, "cancelling a call ends it, cancels the action, and the agent goes on") { scope in
            let user = try await scope.userClient()
            let stuck = StuckAction()
            let handle = try await scope.serve(for: user, handler: stuck.handler)
            let call = Task { try await handle.action("stick") }
            try await scope.wait(for: stuck.started, "the action to start")
            call.cancel()
            try await expectThrows(.cancelled, by: "a cancelled call") {
                _ = try await scope.value(of: call, "the call to end")
            }
            try await scope.wait(for: stuck.cancelled, "the task of the action to be cancelled")
            _ = try await handle.ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(subject, "cancelling one call leaves the others alone, also those of the same handle") {
            scope in
            let user = try await scope.userClient()
            let stuck = StuckAction()
            let handle = try await scope.serve(for: user, handler: stuck.handler)
            let arguments = try ActionArguments("still here")
            let waiting = Task { try await handle.action("wait", arguments) }
            let call = Task { try await handle.action("stick") }
            try await scope.wait(for: stuck.started, "the action to start")
            call.cancel()
            try await scope.wait(for: stuck.cancelled, "the task of the action to be cancelled")
            stuck.release.set()
            let result = try await scope.value(of: waiting, "the other call to end")
            try expectEqual(result, arguments.payload, "the result of the other call")
        },
        ConformanceCase(
            subject,
            "cancelling a call that its agent has not taken ends it at once, and the agent can start"
        ) { scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let handle = user.handle(to: registration.agentID)
            let call = Task { try await handle.action("stick") }
            try await scope.eventually("the request to be in the mailbox") {
                try await user.transport.details(of: .agent(registration.agentID)).queuedMessages == 1
            }
            call.cancel()
            try await expectThrows(.cancelled, by: "a cancelled call") {
                _ = try await scope.value(of: call, "the call to end")
            }
            _ = try await scope.agentClient(registration, elsewhere: true, handler: StuckAction().handler)
            _ = try await handle.ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(subject, "a call in a task that is cancelled already ends with cancelled") { scope in
            let user = try await scope.userClient()
            let stuck = StuckAction()
            let handle = try await scope.serve(for: user, handler: stuck.handler)
            let begin = Signal()
            let call = Task {
                try? await begin.reach()
                return try await handle.action("stick")
            }
            call.cancel()
            begin.set()
            try await expectThrows(.cancelled, by: "a call of a cancelled task") {
                _ = try await scope.value(of: call, "the call to end")
            }
            _ = try await handle.ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(subject, "a late result of a cancelled action is dropped, and the client goes on") { scope in
            let user = try await scope.userClient()
            let (started, release) = (Signal(), Signal())
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                if name == "stubborn" {
                    started.set()
                    // A task of its own, so that the action goes on although it is cancelled.
                    await Task { try? await release.reach() }.value
                }
                return request.response(arguments.payload)
            }
            let call = Task { try await handle.action("stubborn", ActionArguments("late")) }
            try await scope.wait(for: started, "the action to start")
            call.cancel()
            try await expectThrows(.cancelled, by: "a cancelled call") {
                _ = try await scope.value(of: call, "the call to end")
            }
            release.set()
            let arguments = try ActionArguments("in time")
            try expectEqual(try await handle.action("echo", arguments), arguments.payload, "the next result")
        },
        ConformanceCase(subject, "nobody can cancel another's request, and a cancel request is answered") { scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            let stuck = StuckAction()
            let registration = try await scope.register(by: user)
            let agent = try await scope.agentClient(registration, handler: stuck.handler)
            let action = Request.Body.action(name: "stick", arguments: .none)
            let request = try Request(from: user.mailboxID, to: agent.id, action)
            try await scope.send(.request(request), by: user)
            try await scope.wait(for: stuck.started, "the action to start")
            let foreign = try Request(from: other.mailboxID, to: agent.id, .cancel(tag: request.tag))
            try await scope.send(.request(foreign), by: other)
            try expectSuccess(try await scope.receiveResponse(at: other), answering: foreign)
            try await scope.expectNothing(at: user)
            try expect(!stuck.cancelled.isSet, "the action to go on")
            let own = try Request(from: user.mailboxID, to: agent.id, .cancel(tag: request.tag))
            try await scope.send(.request(own), by: user)
            try await scope.wait(for: stuck.cancelled, "the task of the action to be cancelled")
            let answers = [try await scope.receiveResponse(at: user), try await scope.receiveResponse(at: user)]
            for answer in answers {
                if answer.tag == own.tag {
                    try expectSuccess(answer, answering: own)
                } else {
                    try expectFailure(.cancelled, answer, answering: request)
                }
            }
            let late = try Request(from: user.mailboxID, to: agent.id, .cancel(tag: request.tag))
            try await scope.send(.request(late), by: user)
            try expectSuccess(try await scope.receiveResponse(at: user), answering: late)
            try await scope.expectNothing(at: user)
        },
    ]
}
