import AgentExchange
import Foundation
internal import Primitives

/// An agent with streaming actions, which records their events.
///
/// - `count(n)` yields the numbers below n;
/// - `fail(n)` yields them and throws;
/// - `stick(n)` yields them and ends only when it is cancelled;
/// - `wait` yields nothing and ends when it is released.
final class StreamingAgent: Sendable {
    /// Every part that was accepted for sending.
    let sent = Collected<Int>()
    /// Every action that started.
    let begun = Collected<String>()
    let cancelled = Signal()
    let release = Signal()

    var handler: RequestHandler {
        { [self] request, client in
            guard case .action(let name, let arguments) = request.body else { return request.response() }
            begun.add(name)
            if name == "wait" {
                try await release.reach()
                return request.response()
            }
            let count = try arguments.decode(Int.self)
            return try await withTaskCancellationHandler {
                for number in 0..<count {
                    try await client.send(part: try Payload(encoding: number), of: request)
                    sent.add(number)
                }
                if name == "fail" { throw Overdrawn(missing: count) }
                if name == "stick" { try await Signal().reach() }
                return try request.response(encoding: client.partCount(of: request))
            } onCancel: {
                if name == "stick" || name == "count" { cancelled.set() }
            }
        }
    }
}

/// The result of a stream.
struct StreamResult: Sendable {
    var numbers: [Int] = []
    var error: ExchangeError?
}

extension RemoteHandle {
    /// Pulls the numbers of a stream to its end.
    func numbers(_ name: String, _ count: Int, deadline: Duration? = nil) async throws -> StreamResult {
        var result = StreamResult()
        do {
            for try await part in stream(name, try ActionArguments(count), deadline: deadline) {
                result.numbers.append(try part.decode(Int.self))
            }
        } catch {
            result.error = error
        }
        return result
    }
}

extension CaseScope {
    /// Waits for a stream to end by itself.
    func ending(
        _ expected: String = "the stream to end",
        file: StaticString = #fileID,
        line: Int = #line,
        _ body: @escaping @Sendable () async throws -> StreamResult
    ) async throws -> StreamResult {
        note(file, line)
        return try await withTimeout(environment.timeout, expected, file: file, line: line, body)
    }

    /// Sends an agent more requests than it takes at a time. The agent answers none of them.
    func fillMailbox(of agent: AgentID, by transport: any ExchangeTransport) async throws {
        for _ in 0..<environment.scale.backlog {
            let request = try Request(
                from: transport.mailboxID,
                to: .agent(agent),
                .action(name: "wait", arguments: .none)
            )
            try await send(.request(request), by: transport)
        }
    }
}
