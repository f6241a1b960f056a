import AgentExchange
import Foundation
internal import Primitives

extension CaseScope {
    /// Sends a ping request and returns it.
    @discardableResult
    func ping(
        _ destination: EntityID,
        from transport: any ExchangeTransport,
        label: UUID? = nil,
        deadline: Duration? = nil,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> Request {
        note(file, line)
        let end = deadline.map { Date(timeIntervalSinceNow: $0 / .seconds(1)) }
        let request = try Request(from: transport.mailboxID, to: destination, label: label, deadline: end, .ping)
        try await send(.request(request), by: transport, file: file, line: line)
        return request
    }

    /// Sends a ping request that expires soon, but not so soon that it can't be sent.
    func expiringPing(
        _ destination: EntityID,
        from transport: any ExchangeTransport,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> Request {
        var deadline = environment.quiet
        while true {
            do {
                return try await ping(destination, from: transport, deadline: deadline, file: file, line: line)
            } catch let error as ExchangeError where error.code == .deadlineExceeded && error.delivery != .unknown {
                // A busy exchange may take longer than that to send.
                deadline *= 2
                if deadline > environment.timeout { throw error }
            }
        }
    }

    /// Sends a message, in bounded time.
    func send(
        _ message: Message,
        by transport: any ExchangeTransport,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws {
        note(file, line)
        try await withTimeout(environment.timeout, "send to return", file: file, line: line) {
            try await transport.send(message)
        }
    }

    /// Returns the next message of a mailbox, which must arrive.
    func receive(
        at transport: any ExchangeTransport,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> Message {
        note(file, line)
        let wait = environment.timeout
        return try await withTimeout(wait * 2, "receive to return", file: file, line: line) {
            try await transport.receive(timeout: wait)
        }
    }

    /// Returns the next message of a mailbox, which must be a request.
    func receiveRequest(
        at transport: any ExchangeTransport,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> Request {
        let message = try await receive(at: transport, file: file, line: line)
        if case .request(let request) = message { return request }
        throw ConformanceFailure(expected: "a request", seen: "\(message)", at: SourceLocation(file, line))
    }

    /// Returns the next message of a mailbox, which must be a response.
    func receiveResponse(
        at transport: any ExchangeTransport,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> Response {
        let message = try await receive(at: transport, file: file, line: line)
        if case .response(let response) = message { return response }
        throw ConformanceFailure(expected: "a response", seen: "\(message)", at: SourceLocation(file, line))
    }

    /// Watches a mailbox for a while. Nothing may arrive.
    func expectNothing(
        at transport: any ExchangeTransport,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws {
        note(file, line)
        let watch = environment.quiet
        let limit = watch + environment.timeout
        try await expectThrows(.deadlineExceeded, by: "receive from an empty mailbox", file: file, line: line) {
            let message = try await withTimeout(limit, "receive to return", file: file, line: line) {
                try await transport.receive(timeout: watch)
            }
            throw ConformanceFailure(expected: "no message", seen: "\(message)", at: SourceLocation(file, line))
        }
    }

    /// Waits for a condition, which must become true.
    func eventually(
        _ expected: String,
        patience: Int = 1,
        file: StaticString = #fileID,
        line: Int = #line,
        _ condition: @escaping @Sendable () async throws -> Bool
    ) async throws {
        note(file, line)
        try await withTimeout(environment.timeout * patience, expected, file: file, line: line) {
            var pause = Duration.milliseconds(5)
            while try await !condition() {
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .milliseconds(100))
            }
        }
    }

    /// Waits for a signal, which must be set.
    func wait(
        for signal: Signal,
        _ expected: String,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws {
        note(file, line)
        try await withTimeout(environment.timeout, expected, file: file, line: line) { try await signal.reach() }
    }
}

/// Checks that a response is an error answer to a request, and returns the error.
@discardableResult
func expectFailure(
    _ code: ExchangeError.Code,
    _ response: Response,
    answering request: Request? = nil,
    file: StaticString = #fileID,
    line: Int = #line
) throws -> Failure {
    if let request { try expectAnswer(response, to: request, file: file, line: line) }
    guard case .failure(let failure) = response.outcome else {
        let expected = "an answer with the error \(code)"
        throw ConformanceFailure(expected: expected, seen: "\(response.outcome)", at: SourceLocation(file, line))
    }
    try expectEqual(failure.code, code, "the code of an error answer", file: file, line: line)
    return failure
}

/// Checks that a response is the answer to a request: by its addresses, its tag, its label and its kind.
func expectAnswer(
    _ response: Response,
    to request: Request,
    file: StaticString = #fileID,
    line: Int = #line
) throws {
    try expectEqual(response.tag, request.tag, "the tag of an answer", file: file, line: line)
    try expectEqual(response.label, request.label, "the label of an answer", file: file, line: line)
    try expectEqual(response.source, request.destination, "who answers", file: file, line: line)
    try expectEqual(response.destination, request.source, "who is answered", file: file, line: line)
    try expectEqual(response.kind, request.response().kind, "the kind of an answer", file: file, line: line)
}

/// Checks that an answer is a success, and returns the result.
@discardableResult
func expectSuccess(
    _ response: Response,
    answering request: Request,
    file: StaticString = #fileID,
    line: Int = #line
) throws -> Payload? {
    try expectAnswer(response, to: request, file: file, line: line)
    guard case .success(let result) = response.outcome else {
        let location = SourceLocation(file, line)
        throw ConformanceFailure(expected: "a result", seen: "\(response.outcome)", at: location)
    }
    return result
}

extension CaseScope {
    /// Waits until a moment has passed by the wall clock, and a little longer.
    func wait(until moment: Date?) async throws {
        guard let moment else { return }
        try await Task.sleep(for: .seconds(max(0, moment.timeIntervalSinceNow) + 0.02))
    }

    /// Checks that an agent still gets a request, and the requester its answer, and nothing before it.
    func expectAlive(
        _ agent: any ExchangeTransport,
        for user: any ExchangeTransport,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws {
        let sent = try await ping(agent.mailboxID, from: user, file: file, line: line)
        let request = try await receiveRequest(at: agent, file: file, line: line)
        try expectEqual(request.tag, sent.tag, "the next request of the agent", file: file, line: line)
        try await send(.response(request.response()), by: agent, file: file, line: line)
        let response = try await receiveResponse(at: user, file: file, line: line)
        try expectSuccess(response, answering: sent, file: file, line: line)
    }
}
