import AgentExchange
import Foundation
internal import Primitives

/// Handlers that start on the thread that delivers the request.
enum ImmediateCases {
    private static let subject = "immediate handlers"

    static let all = [
        ConformanceCase(subject, "calls at the same time each get their own result") { scope in
            try await scope.doubleAtTheSameTime(500, startsAtOnce: true)
        },
        ConformanceCase(subject, "while one waits, others are served and it can be cancelled") { scope in
            let user = try await scope.userClient()
            let stuck = StuckAction()
            let handle = try await scope.serve(for: user, startsAtOnce: true, handler: stuck.handler)
            let call = Task { try await handle.action("stick") }
            try await scope.wait(for: stuck.started, "the action to start")
            _ = try await handle.ping(timeout: scope.environment.timeout)
            call.cancel()
            try await expectThrows(.cancelled, by: "a cancelled call") {
                _ = try await scope.value(of: call, "the call to end")
            }
            try await scope.wait(for: stuck.cancelled, "the task of the action to be cancelled")
        },
        ConformanceCase(subject, "what one calls waits no longer than its own caller does") { scope in
            let user = try await scope.userClient()
            let inner = try await scope.serve(for: user, startsAtOnce: true, handler: StuckAction().handler).agentID
            let (begun, ended) = (Signal(), Signal())
            let handle = try await scope.serve(for: user, startsAtOnce: true) { request, client in
                begun.set()
                do {
                    return request.response(try await client.handle(to: inner).action("stick"))
                } catch let error as ExchangeError where error.code == .deadlineExceeded {
                    ended.set()
                    // An answer of its own would come at the same moment as its caller's deadline.
                    try await Signal().reach()
                    throw error
                }
            }
            // A busy machine may need longer until the action has begun.
            for seconds in [2, 8, 32] where !begun.isSet {
                try await expectThrows(.deadlineExceeded, by: "a call of \(seconds) seconds") {
                    _ = try await handle.action("ask", deadline: .seconds(seconds))
                }
            }
            try await scope.wait(for: ended, "the nested call to end")
        },
        ConformanceCase(subject, "an agent that calls itself again and again from within its action gets to the end") {
            scope in
            let user = try await scope.userClient()
            let depth = 100
            let handle = try await scope.serve(for: user, startsAtOnce: true) { request, client in
                guard case .action(_, let arguments) = request.body, let agent = request.destination.agentID else {
                    return request.response()
                }
                let left = try arguments.decode(Int.self)
                if left == 0 { return try request.response(encoding: 0) }
                let own = client.handle(to: agent)
                let below = try await own.action("count", ActionArguments(left - 1), returning: Int.self)
                return try request.response(encoding: below + 1)
            }
            let result = try await handle.action("count", ActionArguments(depth), returning: Int.self)
            try expectEqual(result, depth, "the number of calls within each other")
        },
        ConformanceCase(subject, "all that waited in the mailbox is answered, and what is thrown comes as an error") {
            scope in
            let count = scope.environment.scale.backlog
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let handle = user.handle(to: registration.agentID)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<count {
                    group.addTask {
                        let arguments = try ActionArguments(number)
                        if number % 2 == 0 {
                            let result = try await handle.action("double", arguments, returning: Int.self)
                            try expectEqual(result, 2 * number, "the result")
                        } else {
                            try await expectThrows(.remote, by: "an action that throws") {
                                _ = try await handle.action("throw", arguments)
                            }
                        }
                    }
                }
                group.addTask {
                    try await scope.eventually("\(count) requests to be in the mailbox") {
                        let id = EntityID.agent(registration.agentID)
                        return try await user.transport.details(of: id).queuedMessages == count
                    }
                    _ = try await scope.agentClient(registration, elsewhere: true, startsAtOnce: true) {
                        request,
                        client in
                        guard case .action("throw", let arguments) = request.body else {
                            return try await TestHandlers.double(request, client)
                        }
                        throw Overdrawn(missing: try arguments.decode(Int.self))
                    }
                }
                try await group.waitForAll()
            }
        },
    ]
}
