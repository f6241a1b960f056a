import AgentExchange
import Foundation

/// Asking all agents of a type, and collecting their answers.
enum AskAllCases {
    private static let subject = "asking all"

    static let all = [
        ConformanceCase(subject, "every agent's answer is collected, errors and silence included") { scope in
            let user = try await scope.userClient()
            let far = try await scope.user(elsewhere: true)
            let type = scope.type("Asked")
            let arguments = try ActionArguments(21)
            var expected: [AgentID: String] = [:]
            let begun = Collected<Int>()
            for (index, name) in ["42", "42", "remote", "deadline-exceeded"].enumerated() {
                let elsewhere = index % 2 == 1
                let registration = try await scope.register(by: elsewhere ? far : user.transport, type)
                expected[registration.agentID] = name
                if name == "deadline-exceeded" { continue }
                let handler: RequestHandler = { request, client in
                    begun.add(index)
                    if name == "remote" { throw Overdrawn(missing: 1) }
                    return try await TestHandlers.double(request, client)
                }
                _ = try await scope.agentClient(registration, elsewhere: elsewhere, handler: handler)
            }
            var deadline = Duration.seconds(4)
            while true {
                let start = ContinuousClock.now
                let answers = try await user.askAll(
                    "double",
                    arguments,
                    ofType: type,
                    allowSubtypes: true,
                    deadline: deadline
                )
                let seen = try await scope.collect(answers)
                let time = start.duration(to: .now)
                try expectEqual(seen.count, expected.count, "the number of answers")
                // A busy machine may need longer until three actions have begun.
                if Set(begun.elements).count < 3, deadline < scope.environment.timeout / 4 {
                    deadline *= 4
                    continue
                }
                try expectEqual(Dictionary(seen) { first, _ in first }, expected, "the answers by agent")
                try expectEqual(seen.last?.1, "deadline-exceeded", "the last of them")
                let limit = deadline - .milliseconds(100)
                try expect(time >= limit, "the silent one to be waited for", seen: "\(time)")
                break
            }
        },
        ConformanceCase(subject, "asking ends as soon as all have answered") { scope in
            let user = try await scope.userClient()
            let type = scope.type("Asked")
            for _ in 0..<3 {
                let registration = try await scope.register(by: user.transport, type)
                _ = try await scope.agentClient(registration, elsewhere: true, handler: TestHandlers.double)
            }
            let answers = try await user.askAll(
                "double",
                try ActionArguments(4),
                ofType: type,
                deadline: scope.environment.timeout * 100
            )
            try expectEqual(try await scope.collect(answers).map(\.1), ["8", "8", "8"], "the answers")
        },
        ConformanceCase(subject, "asking a type without agents ends at once") { scope in
            let user = try await scope.userClient()
            let answers = try await user.askAll("double", .none, ofType: scope.type("Nobody"), deadline: .seconds(600))
            try expectEqual(try await scope.collect(answers).count, 0, "the number of answers")
        },
        ConformanceCase(subject, "the answers to several broadcasts at the same time do not mix") { scope in
            let user = try await scope.userClient()
            let type = scope.type("Asked")
            var agents: Set<AgentID> = []
            for index in 0..<4 {
                let registration = try await scope.register(by: user.transport, type)
                agents.insert(registration.agentID)
                let isFar = index % 2 == 1
                _ = try await scope.agentClient(registration, elsewhere: isFar, handler: TestHandlers.double)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<10 {
                    group.addTask { [agents] in
                        let answers = try await user.askAll("double", try ActionArguments(number), ofType: type)
                        let seen = try await scope.collect(answers)
                        try expectEqual(Set(seen.map(\.0)), agents, "who answered")
                        try expectEqual(seen.map(\.1), Array(repeating: "\(2 * number)", count: 4), "the answers")
                    }
                }
                try await group.waitForAll()
            }
        },
        ConformanceCase(subject, "an agent asks all agents of its own type, itself included") { scope in
            let user = try await scope.userClient()
            let type = scope.type("Peer")
            var first: AgentID?
            for index in 0..<3 {
                let registration = try await scope.register(by: user.transport, type)
                first = first ?? registration.agentID
                _ = try await scope.agentClient(registration, elsewhere: index == 1) { request, client in
                    guard case .action(let name, _) = request.body, name == "poll" else {
                        return try await TestHandlers.double(request, client)
                    }
                    let answers = try await client.askAll("double", try ActionArguments(5), ofType: type)
                    return try request.response(encoding: try await scope.collect(answers).map(\.1))
                }
            }
            guard let first else { return }
            let result = try await user.handle(to: first).action("poll", returning: [String].self)
            try expectEqual(result, ["10", "10", "10"], "what the agents of its type answer")
        },
        ConformanceCase(subject, "cancelling the task that collects ends it, and the client goes on") { scope in
            let user = try await scope.userClient()
            let type = scope.type("Silent")
            _ = try await scope.register(by: user.transport, type)
            let collecting = Task {
                try await scope.collect(try await user.askAll("double", .none, ofType: type, deadline: .seconds(600)))
            }
            try await scope.eventually("the request to be in the mailbox") {
                let agents = try await user.discover(type)
                guard let agent = agents.first else { return false }
                return try await user.transport.details(of: .agent(agent)).queuedMessages == 1
            }
            collecting.cancel()
            let seen = try? await scope.value(of: collecting, "the answers to end")
            try expectEqual(seen?.count ?? 0, 0, "the number of answers")
            let handle = try await scope.serve(for: user, handler: TestHandlers.double)
            try expectEqual(try await handle.action("double", try ActionArguments(1), returning: Int.self), 2, "a call")
        },
        ConformanceCase(subject, "a client that closes ends the asking") { scope in
            let user = try await scope.userClient()
            let type = scope.type("Silent")
            _ = try await scope.register(by: user.transport, type)
            let answers = try await user.askAll("double", .none, ofType: type, deadline: .seconds(600))
            let collecting = Task { try await scope.collect(answers) }
            await user.close()
            _ = try await scope.value(of: collecting, "the answers to end")
        },
    ]
}

extension CaseScope {
    /// Collects the answers: the result as text, or the code of the error.
    func collect(
        _ answers: BroadcastAnswers,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> [(AgentID, String)] {
        note(file, line)
        return try await withTimeout(environment.timeout, "the answers to end", file: file, line: line) {
            var seen: [(AgentID, String)] = []
            for await answer in answers {
                switch answer.result {
                case .success(let payload):
                    seen.append((answer.agentID, payload.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""))
                case .failure(let error):
                    seen.append((answer.agentID, error.code.rawValue))
                }
            }
            return seen
        }
    }
}

extension UserExchangeClient {
    fileprivate func askAll(
        _ name: String,
        _ arguments: ActionArguments,
        ofType type: AgentType,
        deadline: Duration? = nil
    ) async throws(ExchangeError) -> BroadcastAnswers {
        try await askAll(name, arguments, ofType: type, allowSubtypes: true, deadline: deadline)
    }
}
