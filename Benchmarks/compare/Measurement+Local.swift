extension Measurement {
    /// Without a broker.
    static func local(quick: Bool) -> [Measurement] {
        let count = quick ? 50_000 : 300_000
        return [
            Measurement(
                name: "in-process round trip, median",
                unit: "µs",
                goal: .init(side: .atMost, value: 10, isRatio: false),
                rounds: 1,
                isSteady: false
            ) { Round(raw: nil, warren: (try $0.local("--count", "\(count)").p50 ?? 0) * 1e6) },
            Measurement(
                name: "in-process round trip, median, starts immediately",
                unit: "µs",
                goal: .init(side: .atMost, value: 10, isRatio: false),
                rounds: 1,
                isSteady: false
            ) { Round(raw: nil, warren: (try $0.local("--count", "\(count)", "--at-once").p50 ?? 0) * 1e6) },
            Measurement(
                name: "in-process actions, 64 in flight",
                unit: "/s",
                goal: .init(side: .atLeast, value: 500_000, isRatio: false),
                rounds: 1,
                isSteady: false
            ) { Round(raw: nil, warren: try $0.local("--count", "\(count)", "--in-flight", "64").rate) },
            besideHand("median", "µs", atMost(3), count) { ($0.p50 ?? 0) * 1e6 },
            besideHand("64 in flight", "/s", atLeast(0.4), count, "--in-flight", "64") { $0.rate },
        ]
    }

    /// The same beside the mailbox that a user would write by hand.
    private static func besideHand(
        _ name: String,
        _ unit: String,
        _ goal: Result.Goal,
        _ count: Int,
        _ arguments: String...,
        figure: @escaping (Figures) -> Double
    ) -> Measurement {
        Measurement(
            name: "in-process actions beside a hand-written mailbox, \(name)",
            unit: unit,
            goal: goal,
            rounds: 3,
            isSteady: false
        ) { programs in
            let arguments = ["--count", "\(count / 3)"] + arguments
            let hand = try programs.local("hand-mailbox", arguments)
            return Round(raw: figure(hand), warren: figure(try programs.local("local", arguments)))
        }
    }
}
