import Foundation

extension Measurement {
    /// A no-op action with 100 bytes, caller and agent in two processes.
    static func roundTrips(quick: Bool, rounds: Int) -> [Measurement] {
        let windows = quick ? [1, 16, 128] : [1, 4, 16, 64, 128, 512]
        return QueueKind.allCases.flatMap { kind in
            windows.flatMap { window -> [Measurement] in
                let count = window == 1 ? 1000 : 5000 + 25 * window
                guard window == 1 else {
                    let goal = window == 16 || window == 128 ? atLeast(0.9) : nil
                    return [
                        Measurement(
                            name: "round trips, \(window) in flight, \(kind)",
                            unit: "/s",
                            goal: goal,
                            rounds: rounds
                        ) { try roundTrip($0, kind, count, window) { $0.rate } }
                    ]
                }
                return [
                    Measurement(name: "round trip, median, \(kind)", unit: "µs", goal: atMost(1.25), rounds: rounds) {
                        try roundTrip($0, kind, count, 1) { ($0.p50 ?? 0) * 1e6 }
                    },
                    Measurement(
                        name: "round trip, median, \(kind), raw without its confirm",
                        unit: "µs",
                        goal: nil,
                        rounds: rounds
                    ) { try roundTrip($0, kind, count, 1, rawArguments: ["answered"]) { ($0.p50 ?? 0) * 1e6 } },
                    Measurement(
                        name: "round trip, median, \(kind), starts immediately",
                        unit: "µs",
                        goal: atMost(1.25),
                        rounds: rounds
                    ) { try roundTrip($0, kind, count, 1, arguments: ["--at-once"]) { ($0.p50 ?? 0) * 1e6 } },
                    Measurement(name: "round trip, p99, \(kind)", unit: "µs", goal: atMost(1.5), rounds: rounds) {
                        try roundTrip($0, kind, count, 1) { ($0.p99 ?? 0) * 1e6 }
                    },
                ]
            }
        }
    }

    /// The processor time, of user and system, that a call takes at each side; once more with connections and tasks on one thread.
    static func processorTimes(quick: Bool, rounds: Int) -> [Measurement] {
        let count = quick ? 8000 : 20_000
        return [([], ""), (["--shared-thread"], ", on one thread")].flatMap { arguments, name in
            [
                Measurement(
                    name: "CPU of a call at the caller, 128 in flight\(name)",
                    unit: "µs",
                    goal: atMost(2.5),
                    rounds: rounds
                ) {
                    try bothSides($0, .classic, count, 128, arguments: arguments) { asking, _ in
                        asking.processorTime(of: count)
                    }
                },
                Measurement(
                    name: "CPU of a call at the agent, 128 in flight\(name)",
                    unit: "µs",
                    goal: atMost(3.5),
                    rounds: rounds
                ) {
                    try bothSides($0, .classic, count, 128, arguments: arguments) { _, serving in
                        serving.processorTime(of: count)
                    }
                },
            ]
        }
    }

    /// Round trips with connections and tasks on one thread.
    static func roundTripsOnOneThread(quick: Bool, rounds: Int) -> [Measurement] {
        let thread = ["--shared-thread"]
        return QueueKind.allCases.flatMap { kind in
            [
                Measurement(
                    name: "round trip, median, \(kind), on one thread",
                    unit: "µs",
                    goal: atMost(1.2),
                    rounds: rounds
                ) { try roundTrip($0, kind, 1000, 1, arguments: thread) { ($0.p50 ?? 0) * 1e6 } },
                Measurement(
                    name: "round trips, 16 in flight, \(kind), on one thread",
                    unit: "/s",
                    goal: atLeast(0.8),
                    rounds: rounds
                ) { try roundTrip($0, kind, 5400, 16, arguments: thread) { $0.rate } },
                Measurement(
                    name: "round trips, 128 in flight, \(kind), on one thread",
                    unit: "/s",
                    goal: atLeast(0.9),
                    rounds: rounds
                ) { try roundTrip($0, kind, 8200, 128, arguments: thread) { $0.rate } },
            ]
        }
    }

    private static func roundTrip(
        _ programs: Programs,
        _ kind: QueueKind,
        _ count: Int,
        _ window: Int,
        rawArguments: [String] = [],
        arguments: [String] = [],
        _ figure: (Figures) -> Double
    ) throws -> Round {
        try bothSides(programs, kind, count, window, rawArguments: rawArguments, arguments: arguments) { asking, _ in
            figure(asking)
        }
    }

    private static func bothSides(
        _ programs: Programs,
        _ kind: QueueKind,
        _ count: Int,
        _ window: Int,
        rawArguments: [String] = [],
        arguments: [String] = [],
        _ figure: (_ asking: Figures, _ serving: Figures) -> Double
    ) throws -> Round {
        try programs.rawStep("objects", "make", "raw.q", kind.rawValue)
        let answering = try programs.raw("answer", "raw.q", "256", "100")
        try answering.wait(for: "ready")
        let rawArguments = ["raw.q", "raw.reply", "classic", "\(count)", "\(window)", "100"] + rawArguments
        let raw = (try programs.rawFigures("ask", rawArguments), try answering.lastFigures())
        try programs.rawStep("objects", "remove", "raw.q")

        let namespace = "bench-\(UUID().uuidString.prefix(8))"
        let registering = try programs.warren("register", namespace, kind)
        let registration = try registering.line()
        try registering.end()
        let shared = arguments.filter { $0 == "--shared-thread" }
        let serving = try programs.warren("serve", namespace, kind, [registration] + shared)
        try serving.wait(for: "ready")
        let counts = ["--count", "\(count)", "--in-flight", "\(window)", registration]
        let warren = (
            try programs.warrenFigures("ask", namespace, kind, counts + arguments), try serving.lastFigures()
        )
        return Round(raw: figure(raw.0, raw.1), warren: figure(warren.0, warren.1))
    }

    /// Confirmed sends, and what they cost the client.
    static func sends(quick: Bool, rounds: Int) -> [Measurement] {
        let scale = quick ? 4 : 2
        return QueueKind.allCases.flatMap { kind in
            [
                Measurement(name: "confirmed sends, \(kind)", unit: "/s", goal: atLeast(0.95), rounds: rounds) {
                    try send($0, kind, 60_000 / scale, 1024, 300) { $0.rate }
                },
                Measurement(
                    name: "confirmed sends, 128 together, \(kind)",
                    unit: "/s",
                    goal: atLeast(0.95),
                    rounds: rounds
                ) {
                    try send($0, kind, 60_000 / scale, 1024, 300, together: 128) { $0.rate }
                },
                Measurement(
                    name: "user time of a send, \(kind)",
                    unit: "µs",
                    goal: atMost(2),
                    rounds: 1,
                    isSteady: false
                ) {
                    try send($0, kind, 60_000 / scale, 1024, 300) { $0.userTime * 1e6 }
                },
                Measurement(name: "bodies of 1 MiB, \(kind)", unit: "MiB/s", goal: atLeast(0.9), rounds: rounds) {
                    try send($0, kind, 400 / scale, 8, 1 << 20) { $0.rate }
                },
                Measurement(name: "bodies of 10 MiB, \(kind)", unit: "MiB/s", goal: atLeast(0.9), rounds: rounds) {
                    try send($0, kind, 40 / scale, 3, 10 << 20) { $0.rate * 10 }
                },
            ]
        }
    }

    private static func send(
        _ programs: Programs,
        _ kind: QueueKind,
        _ count: Int,
        _ window: Int,
        _ size: Int,
        together: Int = 1,
        _ figure: (Figures) -> Double
    ) throws -> Round {
        try programs.rawStep("objects", "make", "raw.q", kind.rawValue)
        let raw = try programs.rawFigures("send", "raw.q", "\(count)", "\(window)", "\(size)")
        try programs.rawStep("objects", "remove", "raw.q")
        let namespace = "bench-\(UUID().uuidString.prefix(8))"
        let warren = try programs.warrenFigures(
            "send",
            namespace,
            kind,
            "--count",
            "\(count)",
            "--in-flight",
            "\(window)",
            "--size",
            "\(size)",
            "--together",
            "\(together)"
        )
        return Round(raw: figure(raw), warren: figure(warren))
    }

    /// An agent that comes to a full mailbox. Once: filling a large one takes as long as emptying it.
    static func backlogs(quick: Bool) -> [Measurement] {
        let count = quick ? 10_000 : 100_000
        let countForTime = 5000
        return QueueKind.allCases.flatMap { kind in
            [
                Measurement(
                    name: "receive and answer, backlog of \(count), \(kind)",
                    unit: "/s",
                    goal: atLeast(0.9),
                    rounds: 1
                ) { try backlog($0, kind, count) { asking, _ in asking.rate } },
                Measurement(
                    name: "user time of an answer, \(kind)",
                    unit: "µs",
                    goal: atMost(2),
                    rounds: 1,
                    isSteady: false
                ) {
                    try backlog($0, kind, countForTime) { _, answering in
                        (answering.user ?? 0) / Double(countForTime) * 1e6
                    }
                },
            ]
        }
    }

    private static func backlog(
        _ programs: Programs,
        _ kind: QueueKind,
        _ count: Int,
        _ figure: (_ asking: Figures, _ answering: Figures) -> Double
    ) throws -> Round {
        try programs.rawStep("objects", "make", "raw.q", kind.rawValue)
        let asking = try programs.raw("ask", "raw.q", "raw.reply", "classic", "\(count)", "\(count)", "100")
        try asking.wait(for: "sent")
        let answering = try programs.raw("answer", "raw.q", "256", "100")
        let rawAsking = try asking.figures()
        try asking.end()
        answering.closeInput()
        let rawAnswering = try answering.figures()
        try answering.end()
        try programs.rawStep("objects", "remove", "raw.q")

        let namespace = "bench-\(UUID().uuidString.prefix(8))"
        let registering = try programs.warren("register", namespace, kind)
        let registration = try registering.line()
        try registering.end()
        let sending = try programs.warren("backlog", namespace, kind, "--count", "\(count)", registration)
        try sending.wait(for: "sent")
        let serving = try programs.warren("serve", namespace, kind, registration)
        let warrenAsking = try sending.figures()
        try sending.end()
        serving.closeInput()
        let warrenAnswering = try serving.figures()
        try serving.end()
        return Round(raw: figure(rawAsking, rawAnswering), warren: figure(warrenAsking, warrenAnswering))
    }
}
