import AgentExchange
import Foundation
internal import Primitives

/// Hooks around the calls of a client and the requests of an agent.
enum MiddlewareCases {
    private static let subject = "middleware"

    static let all = [
        ConformanceCase(subject, "the first is the outermost, around calls and around handlers") { scope in
            let log = Collected<String>()
            let user = try await scope.userClient(scope.with([Recorder("a", log), Recorder("b", log)]))
            let registration = try await scope.register(by: user.transport)
            let hooks = scope.with([Recorder("c", log), Recorder("d", log)])
            _ = try await scope.agentClient(registration, elsewhere: true, hooks) { request, _ in
                log.add("handler")
                return request.response()
            }
            let handle = user.handle(to: registration.agentID)
            _ = try await handle.action("any")
            let way = [
                "a call", "b call", "c serve", "d serve", "handler", "d served", "c served", "b called", "a called",
            ]
            try expectEqual(log.elements, way, "the way of a call and its answer")
            _ = try await handle.ping(timeout: scope.environment.timeout)
            try await handle.shutdown()
            try expectEqual(log.elements.count { $0 == "a call" }, 3, "the calls, with a ping and a shutdown")
            try expect(log.elements.count { $0 == "c serve" } >= 3, "a ping and a shutdown to be served too")
        },
        ConformanceCase(subject, "a call may be tried again: each try is a request of its own") { scope in
            let user = try await scope.userClient(scope.with([Retry()]))
            let tags = Collected<UUID>()
            let handle = try await scope.serve(for: user) { request, _ in
                let number = tags.add(request.tag)
                if number < 3 { throw Overdrawn(missing: number) }
                return try request.response(encoding: number)
            }
            try expectEqual(try await handle.action("third", returning: Int.self), 3, "the result of the last try")
            try expectEqual(Set(tags.elements).count, 3, "the number of requests")
        },
        ConformanceCase(subject, "a call that is not passed on is not sent, and fails with the error of the hook") {
            scope in
            let user = try await scope.userClient(scope.with([Quota()]))
            let registration = try await scope.register(by: user.transport)
            let handle = user.handle(to: registration.agentID)
            try await expectThrows(.limitReached, by: "a call") { _ = try await handle.action("any") }
            try await expectThrows(.limitReached, by: "a stream") {
                for try await _ in handle.stream("any") {}
            }
            try await expectThrows(.limitReached, by: "a broadcast") {
                _ = try await user.broadcast("any", toAgentsOf: registration.type)
            }
            try await expectThrows(.limitReached, by: "a question to all") {
                _ = try await user.askAll("any", ofType: registration.type)
            }
            let waiting = try await user.transport.details(of: .agent(registration.agentID)).queuedMessages
            try expectEqual(waiting, 0, "the messages in the mailbox")
        },
        ConformanceCase(subject, "what a hook adds to calls, streams and broadcasts is seen by those of the agent") {
            scope in
            let user = try await scope.userClient(scope.with([Token("secret")]))
            let stranger = try await scope.userClient(elsewhere: true)
            let type = scope.type("Guarded")
            let registration = try await scope.register(by: user.transport, type)
            let agent = StreamingAgent()
            _ = try await scope.agentClient(
                registration,
                elsewhere: true,
                scope.with([Guard("secret")]),
                handler: agent.handler
            )
            let handle = user.handle(to: registration.agentID)
            try expectEqual(try await handle.numbers("count", 3).numbers, [0, 1, 2], "a stream with the token")
            let answers = try await user.askAll("wait", ofType: type)
            agent.release.set()
            try expectEqual(try await scope.collect(answers).map(\.1), [""], "the answers to a broadcast with it")
            _ = try await handle.action("wait")
            let foreign = stranger.handle(to: registration.agentID)
            let begun = agent.begun.count
            try await expectThrows(.forbidden, by: "a call without it") { _ = try await foreign.action("wait") }
            let stream = try await scope.ending { try await foreign.numbers("count", 3) }
            try expectEqual(stream.error?.code, .forbidden, "the error of a stream without it")
            let refused = try await scope.collect(try await stranger.askAll("wait", ofType: type))
            try expectEqual(refused.map(\.1), ["forbidden"], "the answers to a broadcast without it")
            try expectEqual(agent.begun.count, begun, "the actions that were begun")
        },
        ConformanceCase(subject, "a hook may answer in the place of the handler, and change what that answers") {
            scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let called = Collected<String>()
            _ = try await scope.agentClient(registration, elsewhere: true, scope.with([Answering()])) { request, _ in
                if case .action(let name, _) = request.body { called.add(name) }
                return try request.response(encoding: "handler")
            }
            let handle = user.handle(to: registration.agentID)
            try expectEqual(try await handle.action("hook", returning: String.self), "hook", "the answer of the hook")
            try expectEqual(try await handle.action("both", returning: String.self), "both", "the changed answer")
            try await expectThrows(.remote, by: "a hook that throws") { _ = try await handle.action("throw") }
            try expectEqual(called.elements, ["both"], "what the handler has seen")
        },
    ]
}

extension CaseScope {
    fileprivate func with(_ middleware: [any ExchangeMiddleware]) -> ClientConfiguration {
        var configuration = quietConfiguration
        configuration.middleware = middleware
        return configuration
    }
}

/// Records each call and each request.
private struct Recorder: ExchangeMiddleware {
    let name: String
    let log: Collected<String>

    init(_ name: String, _ log: Collected<String>) {
        (self.name, self.log) = (name, log)
    }

    func call(_ call: ClientCall, next: @escaping CallStep) async throws(ExchangeError) -> Response {
        log.add("\(name) call")
        let response = try await next(call)
        log.add("\(name) called")
        return response
    }

    func serve(_ request: Request, next: @escaping ServiceStep) async throws -> Response {
        log.add("\(name) serve")
        let response = try await next(request)
        log.add("\(name) served")
        return response
    }
}

/// Tries a call again while its answer is an error, three times in all.
private struct Retry: ExchangeMiddleware {
    func call(_ call: ClientCall, next: @escaping CallStep) async throws(ExchangeError) -> Response {
        for _ in 0..<2 {
            let response = try await next(call)
            if case .success = response.outcome { return response }
        }
        return try await next(call)
    }
}

/// Lets nothing through.
private struct Quota: ExchangeMiddleware {
    private var error: ExchangeError { ExchangeError(.limitReached, "the quota is used up", delivery: .notSent) }

    func call(_ call: ClientCall, next: @escaping CallStep) async throws(ExchangeError) -> Response { throw error }

    func stream(_ call: ClientCall, next: @escaping StreamStep) async throws(ExchangeError) { throw error }

    func broadcast(_ broadcast: Broadcast, next: @escaping BroadcastStep) async throws(ExchangeError) -> [AgentID] {
        throw error
    }
}

/// Adds a token to everything that a client asks.
private struct Token: ExchangeMiddleware {
    let token: String

    init(_ token: String) {
        self.token = token
    }

    private func signed(_ call: ClientCall) -> ClientCall {
        var call = call
        call.context["token"] = token
        return call
    }

    func call(_ call: ClientCall, next: @escaping CallStep) async throws(ExchangeError) -> Response {
        try await next(signed(call))
    }

    func stream(_ call: ClientCall, next: @escaping StreamStep) async throws(ExchangeError) {
        try await next(signed(call))
    }

    func broadcast(_ broadcast: Broadcast, next: @escaping BroadcastStep) async throws(ExchangeError) -> [AgentID] {
        var broadcast = broadcast
        broadcast.context["token"] = token
        return try await next(broadcast)
    }
}

/// Refuses requests without the token.
private struct Guard: ExchangeMiddleware {
    let token: String

    init(_ token: String) {
        self.token = token
    }

    func serve(_ request: Request, next: @escaping ServiceStep) async throws -> Response {
        guard request.context["token"] == token else { return request.error(.forbidden, "a token is missing") }
        return try await next(request)
    }
}

/// Answers `hook` itself, throws for `throw`, and changes the answer of everything else.
private struct Answering: ExchangeMiddleware {
    func serve(_ request: Request, next: @escaping ServiceStep) async throws -> Response {
        guard case .action(let name, _) = request.body else { return try await next(request) }
        if name == "throw" { throw Overdrawn(missing: 1) }
        if name != "hook" { _ = try await next(request) }
        return try request.response(encoding: name)
    }
}
