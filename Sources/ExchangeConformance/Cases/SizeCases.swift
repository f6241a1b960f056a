import AgentExchange
import Foundation

/// Empty, large and too large messages.
enum SizeCases {
    private static let subject = "sizes"
    private static let mebibyte = 1 << 20

    /// Higher limits are not tried.
    private static let largestTried = 1 << 28

    static let all = [
        ConformanceCase(subject, "payloads of 0 bytes, 1 byte and 1 MiB arrive unchanged, both ways") { scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user, handler: TestHandlers.echo)
            let pattern = Data((0..<mebibyte).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
            for size in [0, 1, 1000, mebibyte - 1, mebibyte] {
                let payload = Payload(contentType: "application/octet-stream", bytes: pattern.prefix(size))
                let result = try await handle.action("echo", ActionArguments(payload: payload))
                try expect(result == payload, "a payload of \(size) bytes to come back", seen: "\(result ?? .empty)")
            }
        },
        ConformanceCase(
            subject,
            "a message may be as large as the exchange says, and that is 1 MiB at least",
            needs: [.sizeLimit]
        ) {
            scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user, handler: TestHandlers.echo)
            let limit = user.transport.maximumMessageSize
            try expect(limit >= mebibyte, "a limit of 1 MiB or more", seen: "\(limit)")
            try expectTriable(limit)
            let payload = zeros(limit)
            let result = try await handle.action("echo", ActionArguments(payload: payload))
            try expect(result == payload, "a payload of \(limit) bytes to come back", seen: "\(result ?? .empty)")
        },
        ConformanceCase(
            subject,
            "a larger message fails with messageTooLarge, is not sent, and harms nothing",
            needs: [.sizeLimit]
        ) {
            scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user, handler: TestHandlers.echo)
            let limit = user.transport.maximumMessageSize
            try expectTriable(limit)
            let arguments = ActionArguments(payload: zeros(limit + 1))
            let error = try await expectThrows(.messageTooLarge, by: "a call with \(limit + 1) bytes") {
                _ = try await handle.action("echo", arguments)
            }
            try expectEqual(error.delivery, .notSent, "what became of the message")
            try expect(!error.isRetryable, "a retry not to be worth it")
            let agent = EntityID.agent(handle.agentID)
            let body = Request.Body.action(name: "echo", arguments: arguments)
            let request = try Request(from: user.id, to: agent, body)
            let second = try await expectThrows(.messageTooLarge, by: "a send of \(limit + 1) bytes") {
                try await scope.send(.request(request), by: user.transport)
            }
            try expectEqual(second.delivery, .notSent, "what became of the message")
            _ = try await handle.ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(
            subject,
            "a result, or the payload of an error, that is too large is answered with messageTooLarge",
            needs: [.sizeLimit]
        ) {
            scope in
            let user = try await scope.userClient()
            let limit = user.transport.maximumMessageSize
            try expectTriable(limit)
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .action(let name, _) = request.body else { return request.response() }
                if name == "result" { return request.response(zeros(limit + 1)) }
                return request.error(Failure(.remote, "it failed", payload: zeros(limit + 1)))
            }
            for name in ["result", "error"] {
                try await expectThrows(.messageTooLarge, by: "an action with too large a \(name)") {
                    _ = try await handle.action(name)
                }
            }
            _ = try await handle.ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(
            subject,
            "an answer that was too large leaves the request to be answered by another one",
            needs: [.sizeLimit]
        ) {
            scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user))
            let limit = agent.maximumMessageSize
            try expectTriable(limit)
            let sent = try await scope.ping(agent.mailboxID, from: user)
            let request = try await scope.receiveRequest(at: agent)
            try await expectThrows(.messageTooLarge, by: "an answer of \(limit + 1) bytes") {
                try await scope.send(.response(request.response(zeros(limit + 1))), by: agent)
            }
            try await scope.send(.response(request.response()), by: agent)
            try expectSuccess(try await scope.receiveResponse(at: user), answering: sent)
        },
    ]

    /// Checks that a limit is one that can be tried out.
    private static func expectTriable(_ limit: Int) throws {
        let expected = "a limit of at most \(largestTried) bytes, or no size-limit among the capabilities"
        try expect(limit <= largestTried, expected, seen: "\(limit)")
    }

    private static func zeros(_ count: Int) -> Payload {
        Payload(contentType: "application/octet-stream", bytes: Data(count: count))
    }
}
