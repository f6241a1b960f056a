/// A measurement that is repeated in turns, raw and Warren, so that both see the same machine.
struct Measurement {
    /// One figure of one round.
    struct Round {
        let raw: Double?
        let warren: Double
    }

    let name: String
    let unit: String
    let goal: Result.Goal?
    let rounds: Int
    /// Whether the figure is good enough to fail a run. That of user times is not: the raw program's is a few ticks of a clock.
    /// Nor is a time without a raw side: it tells how fast the machine is at the moment.
    var isSteady = true
    /// Whether the disk of the broker is looked at.
    var needsDisk = false
    let run: (Programs) throws -> Round

    /// Whether the figure may fail a run.
    var canFail: Bool { isSteady && goal != nil }

    /// Runs all rounds.
    func result(_ programs: Programs) throws -> Result {
        var rounds: [Round] = []
        for _ in 0..<self.rounds { rounds.append(try run(programs)) }
        let raws = rounds.compactMap(\.raw)
        // The clock of user time may not have ticked.
        let ratios = rounds.compactMap { round in round.raw.flatMap { $0 > 0 ? round.warren / $0 : nil } }
        return Result(
            name: name,
            unit: unit,
            raw: raws.isEmpty ? nil : Self.median(raws),
            warren: Self.median(rounds.map(\.warren)),
            ratio: ratios.isEmpty ? nil : Self.median(ratios),
            goal: goal
        )
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted.count % 2 == 1
            ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }

    static func atLeast(_ ratio: Double) -> Result.Goal { .init(side: .atLeast, value: ratio, isRatio: true) }
    static func atMost(_ ratio: Double) -> Result.Goal { .init(side: .atMost, value: ratio, isRatio: true) }
}

extension Measurement {
    /// Everything that is measured.
    static func all(quick: Bool) -> [Measurement] {
        let rounds = quick ? 1 : 3
        return roundTrips(quick: quick, rounds: rounds) + processorTimes(quick: quick, rounds: rounds)
            + roundTripsOnOneThread(quick: quick, rounds: rounds)
            + sends(quick: quick, rounds: rounds)
            + backlogs(quick: quick) + agents(quick: quick) + directory() + growth(quick: quick) + local(quick: quick)
            + direct(quick: quick, rounds: rounds) + groups(quick: quick, rounds: rounds)
            + subscriptions(quick: quick)
    }
}
