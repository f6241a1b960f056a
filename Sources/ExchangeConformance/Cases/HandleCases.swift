import AgentExchange
import Foundation
import Logging
internal import Primitives

/// Calling agents through handles.
enum HandleCases {
    private static let subject = "handles"

    static let all = [
        ConformanceCase(subject, "an action gets its arguments, and its result comes back") { scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                let (amount, who) = try arguments.decode(Int.self, String.self)
                let note = try arguments.decodeKeywords(as: [String: String].self)?["note"]
                return try request.response(encoding: "\(name) \(amount) \(who) \(note ?? "-")")
            }
            let arguments = try ActionArguments(5, "ann", keyword: ["note": "rent"])
            let result = try await handle.action("pay", arguments, returning: String.self)
            try expectEqual(result, "pay 5 ann rent", "the result")
        },
        ConformanceCase(subject, "no result, an empty result, and any bytes are told apart") { scope in
            let user = try await scope.userClient()
            let bytes = Payload(contentType: "application/x-bytes", bytes: Data([0, 1, 255]))
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .action(let name, _) = request.body else { return request.response() }
                return request.response(name == "nothing" ? nil : name == "empty" ? .empty : bytes)
            }
            try expectEqual(try await handle.action("nothing"), nil, "no result")
            try expectEqual(try await handle.action("empty"), .empty, "an empty result")
            try expectEqual(try await handle.action("bytes"), bytes, "a result of bytes")
        },
        ConformanceCase(subject, "a result that is not of the type asked for fails with invalidPayload") { scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .action(let name, _) = request.body, name != "nothing" else { return request.response() }
                return try request.response(encoding: ["a": 1])
            }
            let result = try await handle.action("list", returning: [String: Int].self)
            try expectEqual(result, ["a": 1], "the result")
            for name in ["list", "nothing"] {
                try await expectThrows(.invalidPayload, by: "asking for an Int") {
                    _ = try await handle.action(name, returning: Int.self)
                }
            }
        },
        ConformanceCase(subject, "an agent keeps its state between calls") { scope in
            let user = try await scope.userClient()
            let added = Collected<Int>()
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                if name == "add" { added.add(try arguments.decode(Int.self)) }
                return try request.response(encoding: added.elements.reduce(0, +))
            }
            try expectEqual(try await handle.action("count", returning: Int.self), 0, "the count at first")
            _ = try await handle.action("add", try ActionArguments(1))
            _ = try await handle.action("add", try ActionArguments(2))
            try expectEqual(try await handle.action("count", returning: Int.self), 3, "the count in the end")
        },
        ConformanceCase(subject, "an action that throws fails the call with the type and the text of the error") {
            scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user) { _, _ in throw Overdrawn(missing: 7) }
            let error = try await expectThrows(.remote, by: "an action that throws") {
                _ = try await handle.action("pay")
            }
            try expectEqual(error.failure?.type, String(reflecting: Overdrawn.self), "the type of the remote error")
            try expectEqual(error.failure?.message, "7 are missing", "the text of the remote error")
            try expectEqual(error.delivery, .delivered, "what became of the request")
            try expectEqual(error.entity, .agent(handle.agentID), "whom the error is about")
        },
        ConformanceCase(subject, "an error answer keeps its code and its payload") { scope in
            let user = try await scope.userClient()
            let failure = Failure(.forbidden, "not you", type: "Bank.Closed", payload: try Payload(encoding: [1, 2]))
            let handle = try await scope.serve(for: user) { request, _ in request.error(failure) }
            let error = try await expectThrows(.forbidden, by: "a refused action") {
                _ = try await handle.action("pay")
            }
            try expectEqual(error.failure, failure, "the failure")
        },
        ConformanceCase(subject, "the name of an action has 1 to 255 bytes") { scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user, handler: TestHandlers.echo)
            for name in ["", String(repeating: "n", count: 256), String(repeating: "\u{F6}", count: 128)] {
                let error = try await expectThrows(
                    .invalidMessage,
                    by: "an action with a name of \(name.utf8.count) bytes"
                ) {
                    _ = try await handle.action(name)
                }
                try expectEqual(error.delivery, .notSent, "what became of the request")
            }
            for name in ["n", String(repeating: "n", count: 255)] { _ = try await handle.action(name) }
        },
        ConformanceCase(subject, "a ping takes some time, and no longer than the call") { scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .ping = request.body else { throw Overdrawn(missing: 1) }
                return request.response()
            }
            let start = ContinuousClock.now
            let time = try await handle.ping(timeout: scope.environment.timeout)
            try expect(time > .zero, "the time of a ping to be more than nothing", seen: "\(time)")
            try expect(time <= start.duration(to: .now), "it to be less than the call took", seen: "\(time)")
        },
        ConformanceCase(
            subject,
            "a shutdown request reaches the handler with what it asks for, and returns when agreed"
        ) {
            scope in
            let user = try await scope.userClient()
            let asked = Collected<Bool?>()
            let tags = Collected<UUID>()
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .shutdown(let terminate) = request.body else { throw Overdrawn(missing: 1) }
                // On a slow machine both the notice and the request of one call arrive.
                if !tags.elements.contains(request.tag) { asked.add(terminate) }
                tags.add(request.tag)
                return request.response()
            }
            for (index, terminate) in [nil, true, false].enumerated() {
                try await handle.shutdown(terminate: terminate)
                try expectEqual(asked.count, index + 1, "how many requests the handler has seen")
            }
            try expectEqual(asked.elements, [nil, true, false], "what was asked for")
        },
        ConformanceCase(subject, "calls to an agent that never was, or was terminated, say so") { scope in
            let user = try await scope.userClient()
            let gone = try await scope.register(by: user.transport).agentID
            try await user.terminate(gone)
            let ghost = user.handle(to: AgentID())
            let first = try await expectThrows(.badEntityID, by: "a ping to nobody") { _ = try await ghost.ping() }
            try expectUndelivered(first)
            let handle = user.handle(to: gone)
            let second = try await expectThrows(.mailboxTerminated, by: "an action of a terminated agent") {
                _ = try await handle.action("pay")
            }
            try expectUndelivered(second)
        },
        ConformanceCase(subject, "a call to an agent that nobody runs ends at its deadline") { scope in
            let user = try await scope.userClient()
            let handle = user.handle(to: try await scope.register(by: user.transport).agentID)
            try await scope.expectDeadline(.milliseconds(300)) { _ = try await handle.ping(timeout: $0) }
            try await scope.expectDeadline(.milliseconds(300)) { _ = try await handle.action("pay", deadline: $0) }
            try await scope.expectDeadline(.milliseconds(300)) { try await handle.shutdown(deadline: $0) }
        },
        ConformanceCase(
            subject,
            "a call that the agent never answers ends at its deadline, and a late answer is dropped"
        ) {
            scope in
            let recorder = ConformanceLog()
            let user = try await scope.userClient(recorder.configuration(of: scope))
            let (release, taken) = (Signal(), Collected<UUID>())
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                taken.add(request.tag)
                try await release.reach()
                return request.response(arguments.payload)
            }
            let wait = Duration.milliseconds(700)
            try await scope.expectDeadline(wait) { _ = try await handle.action("late", deadline: $0) }
            release.set()
            let late = try ActionArguments("in time")
            try expectEqual(try await handle.action("in time", late), late.payload, "the result of the next call")
            for tag in taken.elements {
                let warnings = recorder.records(about: tag, from: .warning)
                try expect(warnings.isEmpty, "a late answer not to be worth a warning", seen: "\(warnings)")
            }
        },
        ConformanceCase(subject, "a call without a deadline of its own has that of its client") { scope in
            var configuration = scope.quietConfiguration
            configuration.requestDeadline = .milliseconds(300)
            let user = try await scope.userClient(configuration)
            let handle = user.handle(to: try await scope.register(by: user.transport).agentID)
            try await scope.expectDeadline(.milliseconds(300)) { _ in _ = try await handle.action("pay") }
        },
        ConformanceCase(subject, "calls that wait when the agent is terminated fail with mailboxTerminated") { scope in
            let user = try await scope.userClient()
            let (started, cancelled) = (Signal(), Signal())
            let registration = try await scope.register(by: user.transport)
            let taken = user.handle(to: registration.agentID)
            _ = try await scope.agentClient(registration, elsewhere: true) { request, _ in
                started.set()
                return try await withTaskCancellationHandler {
                    try await Signal().reach()
                    return request.response()
                } onCancel: {
                    cancelled.set()
                }
            }
            let unopened = user.handle(to: try await scope.register(by: user.transport).agentID)
            let calls = [Task { try await taken.action("taken") }, Task { try await unopened.action("not taken") }]
            try await scope.wait(for: started, "the agent to get the request")
            try await scope.eventually("the other request to be in its mailbox") {
                try await user.transport.details(of: .agent(unopened.agentID)).queuedMessages == 1
            }
            for handle in [taken, unopened] { try await user.terminate(handle.agentID) }
            for call in calls {
                try await expectThrows(.mailboxTerminated, by: "a call that waited") {
                    _ = try await scope.value(of: call, "the call to end")
                }
            }
            try await scope.wait(for: cancelled, "the task of the handler to be cancelled")
        },
        ConformanceCase(subject, "an answer of a foreign protocol version fails the call with incompatibleProtocol") {
            scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .action = request.body else { return request.response() }
                return try Response(
                    from: request.destination,
                    to: request.source,
                    tag: request.tag,
                    label: request.label,
                    kind: .actionResponse,
                    protocolVersion: ProtocolVersion(major: 1000, minor: 0),
                    .success(nil)
                )
            }
            try await expectThrows(.incompatibleProtocol, by: "a call that is answered so") {
                _ = try await handle.action("pay")
            }
            _ = try await handle.ping(timeout: scope.environment.timeout)
        },
    ]
}

extension CaseScope {
    /// Checks that a call fails with `deadlineExceeded`, at its deadline or soon after it.
    fileprivate func expectDeadline(
        _ deadline: Duration,
        file: StaticString = #fileID,
        line: Int = #line,
        _ call: @escaping @Sendable (Duration) async throws -> Void
    ) async throws {
        note(file, line)
        let start = ContinuousClock.now
        let error = try await expectThrows(.deadlineExceeded, by: "a call without an answer", file: file, line: line) {
            try await withTimeout(environment.timeout, "the call to end", file: file, line: line) {
                try await call(deadline)
            }
        }
        try expect(error.isRetryable, "a retry to be worth it", file: file, line: line)
        let waited = start.duration(to: .now)
        let expected = "the call to wait \(deadline)"
        try expect(waited >= deadline * 0.9, expected, seen: "\(waited)", file: file, line: line)
    }
}
