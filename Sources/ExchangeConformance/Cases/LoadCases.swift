import AgentExchange
import Foundation
internal import Primitives

/// Many concurrent requests, and agents that stop and start meanwhile.
enum LoadCases {
    private static let subject = "load"

    static let all = [
        ConformanceCase(
            subject,
            "one client has thousands of requests in flight, and each call gets its own result",
            patience: { _ in 10 },
            needs: [.durable]
        ) {
            scope in
            let count = scope.environment.scale.requestsInFlight
            var configuration = scope.quietConfiguration
            configuration.requestDeadline = scope.environment.timeout * 9
            let user = try await scope.userClient(configuration)
            let registration = try await scope.register(by: user.transport)
            let id = EntityID.agent(registration.agentID)
            let handle = user.handle(to: registration.agentID)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<count {
                    group.addTask {
                        let result = try await handle.action("double", ActionArguments(number), returning: Int.self)
                        try expectEqual(result, 2 * number, "the result")
                    }
                }
                group.addTask {
                    // The agent is not served until all requests are in its mailbox, so that they are in flight
                    // together.
                    try await scope.eventually("\(count) requests to be in the mailbox", patience: 4) {
                        try await user.transport.details(of: id).queuedMessages == count
                    }
                    _ = try await scope.agentClient(registration, elsewhere: true, handler: TestHandlers.double)
                }
                try await group.waitForAll()
            }
        },
        ConformanceCase(
            subject,
            "an agent with a full mailbox calls others from within its actions: nothing stops",
            patience: { _ in 10 },
            needs: [.durable]
        ) {
            scope in
            let count = scope.environment.scale.backlog
            let user = try await scope.userClient()
            let helper = try await scope.serve(for: user, handler: TestHandlers.double).agentID
            let registration = try await scope.register(by: user.transport)
            let id = EntityID.agent(registration.agentID)
            let handle = user.handle(to: registration.agentID)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<count {
                    group.addTask {
                        let result = try await handle.action("ask", ActionArguments(number), returning: Int.self)
                        try expectEqual(result, 2 * number + 1, "the result")
                    }
                }
                group.addTask {
                    try await scope.eventually("\(count) requests to be in the mailbox") {
                        try await user.transport.details(of: id).queuedMessages == count
                    }
                    _ = try await scope.agentClient(registration, elsewhere: true) { request, client in
                        guard case .action(_, let arguments) = request.body else { return request.response() }
                        let double = client.handle(to: helper)
                        let doubled = try await double.action("double", arguments, returning: Int.self)
                        return try request.response(encoding: doubled + 1)
                    }
                }
                try await group.waitForAll()
            }
        },
        ConformanceCase(
            subject,
            "an agent that answers none of its many requests still gets the answer that it waits for",
            patience: { _ in 10 }
        ) { scope in
            let count = scope.environment.scale.backlog
            let user = try await scope.user()
            let asking = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let helper = try await scope.agent(try await scope.register(by: user))
            for _ in 0..<count { try await scope.ping(asking.mailboxID, from: user) }
            let question = try await scope.ping(helper.mailboxID, from: asking)
            let received = try await scope.receiveRequest(at: helper)
            try await scope.send(.response(received.response()), by: helper)
            // Takes requests without answering, and must reach the answer before it runs out of requests.
            var taken = 0
            while true {
                if case .response(let response) = try await scope.receive(at: asking) {
                    try expectSuccess(response, answering: question)
                    break
                }
                taken += 1
            }
            try expect(taken <= count, "no more requests than were sent", seen: "\(taken)")
        },
        ConformanceCase(subject, "a requester that is gone while its action runs does not harm the agent") { scope in
            let user = try await scope.userClient()
            let gone = try await scope.userClient(elsewhere: true)
            let (started, release) = (Signal(), Signal())
            let registration = try await scope.register(by: user.transport)
            _ = try await scope.agentClient(registration) { request, _ in
                guard case .action = request.body else { return request.response() }
                started.set()
                try await release.reach()
                return request.response()
            }
            let lost = gone.handle(to: registration.agentID)
            let call = Task { try await lost.action("wait") }
            try await scope.wait(for: started, "the action to start")
            await gone.close()
            try await expectThrows(.closed, by: "the call of the client that closed") {
                _ = try await scope.value(of: call, "the call to end")
            }
            release.set()
            _ = try await user.handle(to: registration.agentID).ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(
            subject,
            "an agent that starts again answers what it had taken and what came meanwhile",
            needs: [.durable]
        ) {
            scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let handle = user.handle(to: registration.agentID)
            let started = Signal()
            let first = try await scope.agentClient(registration) { _, _ in
                started.set()
                try await Signal().reach()
                throw CancellationError()
            }
            let taken = Task { try await handle.action("double", ActionArguments(1), returning: Int.self) }
            try await scope.wait(for: started, "the first action to start")
            await first.close()
            let meanwhile = (2...20).map { number in
                Task { try await handle.action("double", ActionArguments(number), returning: Int.self) }
            }
            try await scope.eventually("all requests to be in the mailbox") {
                try await user.transport.details(of: first.id).queuedMessages == 20
            }
            let attempts = Collected<Int>()
            _ = try await scope.agentClient(registration, elsewhere: true) { request, client in
                attempts.add(request.attempt)
                return try await TestHandlers.double(request, client)
            }
            for (index, call) in ([taken] + meanwhile).enumerated() {
                let result = try await scope.value(of: call, "a call to end")
                try expectEqual(result, 2 * (index + 1), "the result")
            }
            let counts = attempts.elements.sorted()
            try expectEqual(counts, Array(repeating: 1, count: 19) + [2], "the attempts that the agent saw")
        },
        ConformanceCase(
            subject,
            "many agents and clients call each other at once, here and elsewhere",
            patience: { _ in 10 },
            needs: [.severalProcesses]
        ) {
            scope in
            let users = [try await scope.userClient(), try await scope.userClient(elsewhere: true)]
            var agents: [AgentID] = []
            for index in 0..<8 {
                let registration = try await scope.register(by: users[0].transport)
                let next = agents.last
                _ = try await scope.agentClient(registration, elsewhere: index.isMultiple(of: 2)) { request, client in
                    guard let next, case .action(_, let arguments) = request.body else {
                        return try await TestHandlers.double(request, client)
                    }
                    return request.response(try await client.handle(to: next).action("pass on", arguments))
                }
                agents.append(registration.agentID)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<160 {
                    let handle = users[number % 2].handle(to: agents[number % agents.count])
                    group.addTask {
                        let result = try await handle.action("pass on", ActionArguments(number), returning: Int.self)
                        try expectEqual(result, 2 * number, "the result")
                    }
                }
                try await group.waitForAll()
            }
        },
    ]
}
