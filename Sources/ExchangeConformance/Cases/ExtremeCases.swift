import AgentExchange
import Foundation

/// Times of any size: none ends the process, and each keeps its meaning.
enum ExtremeCases {
    private static let subject = "extremes"

    private static let past: [Duration] = [
        .seconds(Int64.min), Duration(secondsComponent: .min, attosecondsComponent: -999_999_999_999_999_999),
        .seconds(-1),
    ]
    private static let future: [Duration] = [
        .seconds(Int64.max), Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999),
        .seconds(10_000_000_000),
    ]
    private static let pastDates = [-Double.greatestFiniteMagnitude, -1e16, -1e10, 0].map(
        Date.init(timeIntervalSince1970:)
    )
    private static let futureDates = [Double.greatestFiniteMagnitude, 1e16, 1e11, .infinity]
        .map(Date.init(timeIntervalSince1970:))

    /// Returns the number of parts.
    private static func count(_ parts: ActionParts) async throws -> Int {
        var count = 0
        for try await _ in parts { count += 1 }
        return count
    }

    /// Returns the number of results.
    private static func answers(_ answers: BroadcastAnswers) async throws -> Int {
        var count = 0
        for await answer in answers {
            if case .success = answer.result { count += 1 }
        }
        return count
    }

    static let all = [
        ConformanceCase(
            subject,
            "a deadline of any length: a call with one in the past is not run, others are answered"
        ) {
            scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user) { request, _ in request.response() }
            for deadline in past {
                try await expectThrows(.deadlineExceeded, by: "an action within \(deadline)") {
                    _ = try await handle.action("echo", deadline: deadline)
                }
                try await expectThrows(.deadlineExceeded, by: "a ping within \(deadline)") {
                    _ = try await handle.ping(timeout: deadline)
                }
                try await expectThrows(.deadlineExceeded, by: "a stream within \(deadline)") {
                    _ = try await count(handle.stream("echo", deadline: deadline))
                }
            }
            for deadline in future {
                _ = try await handle.action("echo", deadline: deadline)
                _ = try await handle.ping(timeout: deadline)
                _ = try await count(handle.stream("echo", deadline: deadline))
            }
        },
        ConformanceCase(subject, "a broadcast with a deadline of any length ends") { scope in
            let user = try await scope.userClient()
            let type = scope.type("Extreme")
            let registration = try await scope.register(by: user.transport, type)
            _ = try await scope.agentClient(registration, elsewhere: true, handler: TestHandlers.echo)
            for deadline in past {
                do {
                    _ = try await answers(try await user.askAll("echo", ofType: type, deadline: deadline))
                } catch let error as ExchangeError {
                    try expectEqual(error.code, .deadlineExceeded, "the error of a broadcast within \(deadline)")
                }
            }
            for deadline in future {
                let count = try await answers(try await user.askAll("echo", ofType: type, deadline: deadline))
                try expectEqual(count, 1, "the number of answers within \(deadline)")
            }
        },
        ConformanceCase(subject, "a request whose deadline is any date is received, or ends with deadlineExceeded") {
            scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            for date in futureDates {
                let request = try Request(from: user.mailboxID, to: agent.mailboxID, deadline: date, .ping)
                try await scope.send(.request(request), by: user)
                try expectEqual(
                    try await scope.receive(at: agent).tag,
                    request.tag,
                    "the request until \(date.timeIntervalSince1970)"
                )
                try await scope.send(.response(request.response()), by: agent)
                try expectEqual(try await scope.receive(at: user).tag, request.tag, "the answer")
            }
            for date in pastDates {
                let request = try Request(from: user.mailboxID, to: agent.mailboxID, deadline: date, .ping)
                do {
                    try await user.send(.request(request))
                } catch let error as ExchangeError {
                    try expectEqual(error.code, .deadlineExceeded, "the error")
                    continue
                }
                let answer = try await scope.receiveResponse(at: user)
                try expectFailure(.deadlineExceeded, answer, answering: request)
            }
        },
        ConformanceCase(subject, "receiving with a timeout of any length: what is there comes, else the time passes") {
            scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user))
            for timeout in past {
                try await expectThrows(.deadlineExceeded, by: "receiving within \(timeout)") {
                    _ = try await agent.receive(timeout: timeout)
                }
            }
            for timeout in future {
                let request = try Request(from: user.mailboxID, to: agent.mailboxID, .ping)
                let receiving = Task { try await agent.receive(timeout: timeout) }
                try await scope.send(.request(request), by: user)
                try expectEqual(try await receiving.value.tag, request.tag, "what is received within \(timeout)")
                try await scope.send(.response(request.response()), by: agent)
            }
        },
        ConformanceCase(subject, "a client's times and a limit of requests may be of any size") { scope in
            let user = try await scope.userClient()
            for (time, limit) in [(past[0], Int.min), (future[0], Int.max), (future[1], 1)] {
                var configuration = ClientConfiguration(logger: scope.quietConfiguration.logger)
                configuration.cancellationPatience = time
                configuration.activityHistory = limit
                configuration.requestDeadline = future[0]
                configuration.streamDeadline = future[1]
                let registration = try await scope.register(by: user.transport)
                let agent = try await scope.agentClient(
                    registration,
                    elsewhere: true,
                    requestLimit: limit,
                    configuration,
                    handler: TestHandlers.echo
                )
                _ = try await user.handle(to: registration.agentID).action("echo")
                await agent.drain(grace: time, patience: time)
                await agent.close()
            }
        },
    ]
}
