import Foundation

extension Measurement {
    /// Calls between two processes that talk directly, beside the same calls over replicated mailboxes of the broker, or beside
    /// another kind of direct connection. Beside other work the ratios vary too much to fail a run.
    static func direct(quick: Bool, rounds: Int) -> [Measurement] {
        let count = quick ? 5000 : 20_000
        func median(_ kind: String, beside other: String, _ goal: Double?) -> Measurement {
            Measurement(
                name: "direct, median, \(kind) beside \(other)",
                unit: "µs",
                goal: goal.map(atMost),
                rounds: rounds,
                isSteady: false
            ) { programs in
                func figure(_ kind: String) throws -> Double { try calls(programs, kind, count / 5, 1).p50 ?? 0 }
                return Round(raw: try figure(other) * 1e6, warren: try figure(kind) * 1e6)
            }
        }
        func rate(_ kind: String, beside other: String, _ window: Int, _ goal: Double?) -> Measurement {
            Measurement(
                name: "direct, \(window) in flight, \(kind) beside \(other)",
                unit: "/s",
                goal: goal.map(atLeast),
                rounds: rounds,
                isSteady: false
            ) { programs in
                func figure(_ kind: String) throws -> Double { try calls(programs, kind, count, window).rate }
                return Round(raw: try figure(other), warren: try figure(kind))
            }
        }
        return [
            median("tcp", beside: "none", nil),
            median("unix", beside: "tcp", 0.9),
            median("broker", beside: "none", 0.5),
            rate("tcp", beside: "none", 16, nil),
            rate("tcp", beside: "none", 128, 3),
            rate("encrypted", beside: "tcp", 128, 0.8),
            rate("broker", beside: "none", 128, 0.85),
            // Without a direct way.
            median("nowhere", beside: "none", 1.03),
            rate("nowhere", beside: "none", 128, 0.97),
        ]
    }

    /// - Parameter kind: The direct connections; `none` is the broker alone.
    private static func calls(_ programs: Programs, _ kind: String, _ count: Int, _ window: Int) throws -> Figures {
        let namespace = "bench-\(UUID().uuidString.prefix(8))"
        let registering = try programs.warren("register", namespace, .quorum)
        let registration = try registering.line()
        try registering.end()
        let serving = try programs.warren("serve", namespace, .quorum, "--direct", kind, registration)
        try serving.wait(for: "ready")
        let arguments = ["--direct", kind, "--count", "\(count)", "--in-flight", "\(window)", registration]
        let figures = try programs.warrenFigures("ask", namespace, .quorum, arguments)
        try serving.end()
        return figures
    }
}
