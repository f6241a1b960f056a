extension Measurement {
    /// Members of a work group beside the ideal: each of them runs one action of 10 ms at a time, and nothing else takes time.
    static func groups(quick: Bool, rounds: Int) -> [Measurement] {
        let count = quick ? 100 : 500
        let rates = [1, 2, 4, 8].map { members in
            Measurement(
                name: "work group of \(members), action of 10 ms, beside the ideal",
                unit: "/s",
                goal: atLeast(0.9),
                rounds: rounds,
                isSteady: false
            ) { programs in
                let arguments = ["--members", "\(members)", "--count", "\(count)"]
                let figures = try programs.warrenFigures("group", fresh(), .quorum, arguments)
                return Round(raw: Double(members) * 100, warren: figures.rate)
            }
        }
        let joining = Measurement(
            name: "a member that is added under a backlog takes work",
            unit: "s",
            goal: .init(side: .atMost, value: 1, isRatio: false),
            rounds: rounds,
            isSteady: false
        ) { programs in
            let figures = try programs.warrenFigures("group", fresh(), .quorum, ["--joining", "--count", "\(count)"])
            return Round(raw: nil, warren: figures.seconds ?? .infinity)
        }
        return rates + [joining]
    }
}
