import AgentExchange
import Foundation

/// Requests that an agent gets again and again.
enum SeriesCases {
    private static let subject = "series"

    static let all = [
        ConformanceCase(
            subject,
            "a request comes at each interval, never early, one at a time, until the series is cancelled"
        ) {
            scope in
            let user = try await scope.userClient()
            let runs = Collected<Run>()
            let handle = try await scope.serve(for: user, handler: handler(runs))
            let first = Date.after(.milliseconds(600))
            try await handle.schedule(
                "tick",
                ActionArguments("a"),
                every: .seconds(1),
                named: "clock",
                from: first,
                deadline: scope.environment.timeout
            )
            try await scope.eventually("three requests") { runs.count >= 3 }
            for (number, run) in runs.elements.enumerated() {
                try expect(
                    run.time.timeIntervalSince(first) > Double(number) - 0.002,
                    "request \(number) not before its time"
                )
                try expectEqual(run.attempt, 1, "its attempt")
                try expectEqual(run.source, .agent(handle.agentID), "its source")
            }
            try expectEqual(Set(runs.elements.map(\.tag)).count, 1, "the number of tags")
            try await handle.cancelSeries(named: "clock", deadline: scope.environment.timeout)
            try await expectNoMore(runs, for: handle, in: scope)
            // Nothing is left to cancel.
            try await handle.cancelSeries(named: "clock", deadline: scope.environment.timeout)
        },
        ConformanceCase(
            subject,
            "a series goes on after a request that fails, and leaves out the times that pass meanwhile"
        ) {
            scope in
            let user = try await scope.userClient()
            let runs = Collected<Run>()
            let handle = try await scope.serve(for: user) { request, _ in
                guard case .action(let name, _) = request.body, name == "tick" else { return request.response() }
                if runs.add(Run(request)) == 2 {
                    // Longer than an interval: the next request is that of the next time.
                    try await Task.sleep(for: .milliseconds(1100))
                }
                throw Overdrawn(missing: runs.count)
            }
            let first = Date.after(.milliseconds(300))
            try await handle.schedule("tick", every: .seconds(1), named: "failing", from: first)
            try await scope.eventually("three requests") { runs.count >= 3 }
            let times = runs.elements.map { $0.time.timeIntervalSince(first) }
            try expect(times[1] > 0.998 && times[2] > 2.998, "the times of the requests: \(times)")
            try await handle.cancelSeries(named: "failing")
        },
        ConformanceCase(subject, "a series replaces that of the same name, and leaves others alone") { scope in
            let user = try await scope.userClient()
            let runs = Collected<Run>()
            let handle = try await scope.serve(for: user, handler: handler(runs))
            let first = Date.after(.milliseconds(1500))
            for (name, argument) in [("same", "old"), ("other", "other"), ("same", "new")] {
                try await handle.schedule(
                    "tick",
                    ActionArguments(argument),
                    every: .seconds(1),
                    named: name,
                    from: first
                )
            }
            try await scope.eventually("two requests of each series") {
                ["new", "other"].allSatisfy { name in runs.elements.count { $0.argument == name } >= 2 }
            }
            try expectEqual(Set(runs.elements.map(\.argument)), ["new", "other"], "the arguments")
            for name in ["same", "other"] { try await handle.cancelSeries(named: name) }
            try await expectNoMore(runs, for: handle, in: scope)
            // One of the same name begins anew.
            let before = runs.count
            try await handle.schedule("tick", ActionArguments("again"), every: .seconds(1), named: "same", from: .now)
            try await scope.eventually("two more requests") { runs.count >= before + 2 }
            try expectEqual(Set(runs.elements[before...].map(\.argument)), ["again"], "the arguments")
            try await handle.cancelSeries(named: "same")
        },
        ConformanceCase(
            subject,
            "a series outlives its receiver, and one that was cancelled stays so for the next one",
            needs: [.durable]
        ) { scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let runs = Collected<Run>()
            let first = try await scope.agentClient(registration, handler: handler(runs))
            let handle = user.handle(to: registration.agentID)
            let start = Date.after(.milliseconds(1200))
            for name in ["kept", "cancelled"] {
                try await handle.schedule("tick", ActionArguments(name), every: .seconds(1), named: name, from: start)
            }
            try await handle.cancelSeries(named: "cancelled")
            await first.close()
            _ = try await scope.agentClient(registration, elsewhere: true, handler: handler(runs))
            try await scope.eventually("two requests") { runs.count >= 2 }
            try expectEqual(Set(runs.elements.map(\.argument)), ["kept"], "the arguments")
            try await handle.cancelSeries(named: "kept")
            try await expectNoMore(runs, for: handle, in: scope)
        },
        ConformanceCase(subject, "a series out of range, or of nobody, is refused") { scope in
            let user = try await scope.userClient()
            let handle = try await scope.serve(for: user, handler: handler(Collected()))
            for interval in [Duration.milliseconds(999), .zero, .seconds(-5), .seconds(Int64.max)] {
                try await expectThrows(.invalidMessage, by: "an interval of \(interval)") {
                    try await handle.schedule("tick", every: interval, named: "a")
                }
            }
            for name in ["", String(repeating: "n", count: 256)] {
                try await expectThrows(.invalidMessage, by: "a name of \(name.count) bytes") {
                    try await handle.schedule("tick", every: .seconds(1), named: name)
                }
            }
            for first in [Date.distantPast, Date(timeIntervalSince1970: 1e15), Date(timeIntervalSince1970: .infinity)] {
                try await expectThrows(.invalidMessage, by: "the first time \(first)") {
                    try await handle.schedule("tick", every: .seconds(1), named: "a", from: first)
                }
            }
            try await expectThrows(.badEntityID, by: "a series of a missing agent") {
                try await user.handle(to: AgentID()).schedule("tick", every: .seconds(1), named: "a")
            }
        },
    ]

    /// A request of a series, as it was served.
    private struct Run: Sendable {
        let time = Date.now
        let tag: UUID
        let source: EntityID
        let attempt: Int
        let argument: String

        init(_ request: Request) {
            (tag, source, attempt) = (request.tag, request.source, request.attempt)
            guard case .action(_, let arguments) = request.body else {
                argument = ""
                return
            }
            argument = (try? arguments.decode(String.self)) ?? ""
        }
    }

    /// Returns a handler that records the actions `tick`.
    private static func handler(_ runs: Collected<Run>) -> RequestHandler {
        { request, _ in
            if case .action("tick", _) = request.body { runs.add(Run(request)) }
            return request.response()
        }
    }

    /// Waits until a request that is scheduled behind the next times of all series is answered. None of them may have come
    /// since one that was made before the cancellation.
    private static func expectNoMore(_ runs: Collected<Run>, for handle: RemoteHandle, in scope: CaseScope) async throws
    {
        // Time for a request that was in the mailbox.
        _ = try await handle.schedule("marker", after: .milliseconds(300), deadline: scope.environment.timeout).result()
        let count = runs.count
        _ = try await handle.schedule("marker", after: .milliseconds(2300), deadline: scope.environment.timeout)
            .result()
        try expectEqual(runs.count, count, "the number of requests, two intervals later")
    }
}
