import AgentExchange
import Foundation
internal import Primitives

/// Many calls at a time, and calls from within actions.
enum ConcurrencyCases {
    private static let subject = "concurrency"

    static let all = [
        ConformanceCase(subject, "handles that share a mailbox do not mix") { scope in
            let user = try await scope.userClient()
            let first = try await scope.serve(for: user) { request, _ in try request.response(encoding: "first") }
            let second = try await scope.serve(for: user) { request, _ in try request.response(encoding: "second") }
            let again = user.handle(to: first.agentID)
            try expectEqual(Set([first.label, second.label, again.label]).count, 3, "the number of labels")
            let calls = [(first, "first"), (second, "second"), (again, "first")]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    for (handle, wanted) in calls {
                        group.addTask {
                            let result = try await handle.action("who", returning: String.self)
                            try expectEqual(result, wanted, "who answered")
                        }
                    }
                }
                try await group.waitForAll()
            }
        },
        ConformanceCase(subject, "calls at the same time each get their own result") { scope in
            try await scope.doubleAtTheSameTime(200)
        },
        ConformanceCase(subject, "a request is served while another one runs") { scope in
            let user = try await scope.userClient()
            let (started, released) = (Signal(), Signal())
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .action(let name, _) = request.body else { return request.response() }
                if name == "wait" {
                    started.set()
                    try await released.reach()
                } else {
                    released.set()
                }
                return request.response()
            }
            let call = Task { try await handle.action("wait") }
            try await scope.wait(for: started, "the first action to start")
            _ = try await handle.action("release")
            _ = try await scope.value(of: call, "the first action to end")
        },
        ConformanceCase(subject, "an action calls other agents, and passes on what they say") { scope in
            let user = try await scope.userClient()
            let lower = try await scope.serve(for: user) { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                return try request.response(encoding: arguments.decode(String.self).lowercased())
            }
            let reverse = try await scope.serve(for: user) { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                return try request.response(encoding: String(arguments.decode(String.self).reversed()))
            }
            let (first, second) = (lower.agentID, reverse.agentID)
            let handle = try await scope.serve(for: user) { request, client in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                let lowered = try await client.handle(to: first).action("lower", arguments, returning: String.self)
                let text = try ActionArguments(lowered)
                return request.response(try await client.handle(to: second).action("reverse", text))
            }
            let text = try ActionArguments("DEADBEEF")
            let result = try await handle.action("process", text, returning: String.self)
            try expectEqual(result, "feebdaed", "the result")
        },
        ConformanceCase(subject, "an action calls its own agent, and an agent calls back the one that called it") {
            scope in
            let user = try await scope.userClient()
            let back = try await scope.serve(for: user) { request, client in
                guard case .action = request.body, let caller = request.source.agentID else {
                    return request.response()
                }
                return request.response(try await client.handle(to: caller).action("answer"))
            }
            let other = back.agentID
            let handle = try await scope.serve(for: user) { request, client in
                guard case .action(let name, _) = request.body else { return request.response() }
                switch name {
                case "self":
                    return request.response(try await client.handle(to: client.registration.agentID).action("answer"))
                case "other": return request.response(try await client.handle(to: other).action("call back"))
                default: return try request.response(encoding: 42)
                }
            }
            try expectEqual(try await handle.action("self", returning: Int.self), 42, "what it told itself")
            try expectEqual(try await handle.action("other", returning: Int.self), 42, "what it told who called back")
        },
        ConformanceCase(subject, "an action that can't reach another agent fails with what it was told") { scope in
            let user = try await scope.userClient()
            let ghost = AgentID()
            let handle = try await scope.serve(for: user) { request, client in
                request.response(try await client.handle(to: ghost).action("anything"))
            }
            let error = try await expectThrows(.remote, by: "an action that calls nobody") {
                _ = try await handle.action("call nobody")
            }
            let told = error.failure?.message ?? ""
            try expect(told.contains(ExchangeError.Code.badEntityID.rawValue), "the reason in the text", seen: told)
        },
    ]
}
