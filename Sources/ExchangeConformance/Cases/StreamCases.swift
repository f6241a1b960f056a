import AgentExchange
import Foundation
internal import Primitives

/// Actions that stream their result.
enum StreamCases {
    private static let subject = "streams"

    static let all = [
        ConformanceCase(subject, "a stream yields every part in order: none, one, a thousand", patience: { _ in 8 }) {
            scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user, handler: StreamingAgent().handler)
            for count in [0, 1, RemoteHandle.streamWindow, RemoteHandle.streamWindow + 1, 1000] {
                let result = try await scope.ending { try await handle.numbers("count", count) }
                try expectEqual(result.error?.code, nil, "the error of a stream of \(count) parts")
                try expectEqual(result.numbers, Array(0..<count), "the parts")
            }
        },
        ConformanceCase(subject, "a part may have a megabyte") { scope in
            let user = try await scope.userClient()
            let bytes = Data((0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
            let part = Payload(contentType: "application/x-bytes", bytes: bytes)
            let handle = try await scope.serve(for: user) { request, client in
                try await client.send(part: part, of: request)
                try await client.send(part: .empty, of: request)
                return try request.response(encoding: 2)
            }
            let parts = Collected<Payload>()
            try await withTimeout(scope.environment.timeout, "the stream to end") {
                for try await part in handle.stream("bytes") { parts.add(part) }
            }
            try expect(parts.elements == [part, .empty], "the parts as they were sent", seen: "\(parts.count) parts")
        },
        ConformanceCase(subject, "an error that ends an action is thrown after the parts that came before it") {
            scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user, handler: StreamingAgent().handler)
            let result = try await scope.ending { try await handle.numbers("fail", 40) }
            try expectEqual(result.numbers, Array(0..<40), "the parts before the error")
            try expectEqual(result.error?.code, .remote, "the error")
            try expectEqual(result.error?.failure?.message, "40 are missing", "the text of the remote error")
        },
        ConformanceCase(subject, "an agent is never further ahead than the window, and goes on as parts are pulled") {
            scope in
            let user = try await scope.userClient()
            let agent = StreamingAgent()
            let handle = try await scope.serve(for: user, handler: agent.handler)
            let (window, total) = (RemoteHandle.streamWindow, 4 * RemoteHandle.streamWindow)
            try await withTimeout(scope.environment.timeout * 2, "the stream to end") {
                var pulled = 0
                for try await part in handle.stream("count", try ActionArguments(total)) {
                    try expectEqual(try part.decode(Int.self), pulled, "the next part")
                    pulled += 1
                    guard pulled == 1 || pulled == window + 3 else { continue }
                    let least = pulled
                    try await scope.eventually("the agent to send ahead") { agent.sent.count >= least + window / 2 }
                    try await Task.sleep(for: scope.environment.quiet)
                    let sent = agent.sent.count
                    try expect(sent <= pulled + window, "at most \(pulled + window) parts to be sent", seen: "\(sent)")
                }
                try expectEqual(pulled, total, "the number of parts")
            }
        },
        ConformanceCase(subject, "streams of one handle at the same time do not mix") { scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user, handler: StreamingAgent().handler)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for count in [50, 120, 0, 77] {
                    group.addTask {
                        let result = try await scope.ending { try await handle.numbers("count", count) }
                        try expectEqual(result.error?.code, nil, "the error of a stream")
                        try expectEqual(result.numbers, Array(0..<count), "the parts")
                    }
                }
                try await group.waitForAll()
            }
        },
        ConformanceCase(subject, "a stream goes on while the agent's mailbox is full", patience: { _ in 10 }) { scope in
            let user = try await scope.userClient()
            let crowd = try await scope.user()
            let agent = StreamingAgent()
            let handle = try await scope.serve(for: user, handler: agent.handler)
            let count = 10 * RemoteHandle.streamWindow
            try await withTimeout(scope.environment.timeout * 5, "the stream to end") {
                var pulled = 0
                for try await _ in handle.stream("count", try ActionArguments(count)) {
                    pulled += 1
                    if pulled == 1 { try await scope.fillMailbox(of: handle.agentID, by: crowd) }
                }
                try expectEqual(pulled, count, "the number of parts")
            }
            agent.release.set()
        },
        ConformanceCase(subject, "an agent passes a stream of another agent on") { scope in
            let user = try await scope.userClient()
            let source = try await scope.serve(for: user, handler: StreamingAgent().handler).agentID
            let relay = try await scope.serve(for: user) { request, client in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                for try await part in client.handle(to: source).stream(name, arguments) {
                    try await client.send(part: part, of: request)
                }
                return try request.response(encoding: client.partCount(of: request))
            }
            let result = try await scope.ending { try await relay.numbers("count", 100) }
            try expectEqual(result.error?.code, nil, "the error of the stream")
            try expectEqual(result.numbers, Array(0..<100), "the parts")
        },
        ConformanceCase(subject, "a call that asks for no stream, of an action that streams, fails, and all goes on") {
            scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user, handler: StreamingAgent().handler)
            let error = try await expectThrows(.remote, by: "a call without a stream") {
                _ = try await handle.action("count", ActionArguments(3))
            }
            let type = String(reflecting: ExchangeError.self)
            try expectEqual(error.failure?.type, type, "what the action threw")
            let result = try await scope.ending { try await handle.numbers("count", 3) }
            try expectEqual(result.numbers, [0, 1, 2], "the parts of the next stream")
        },
        ConformanceCase(subject, "a stream of an action that does not stream ends without a part") { scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user) { request, _ in request.response() }
            let result = try await scope.ending { try await handle.numbers("nothing", 3) }
            try expectEqual(result.error?.code, nil, "the error")
            try expectEqual(result.numbers, [], "the parts")
        },
    ]
}
