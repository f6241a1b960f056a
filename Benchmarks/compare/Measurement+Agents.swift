import Foundation

extension Measurement {
    /// Registering, terminating, idling.
    static func agents(quick: Bool) -> [Measurement] {
        let count = quick ? 100 : 1000
        var measurements = QueueKind.allCases.flatMap { kind in
            [1, 64].map { window in
                Measurement(
                    name: "registering, \(window == 1 ? "one by one" : "\(window) at a time"), \(kind)",
                    unit: "/s",
                    goal: atLeast(0.8),
                    rounds: 1
                ) { programs in
                    let raw = try programs.rawFigures("register", kind.rawValue, "\(count)", "\(window)")
                    let warren = try programs.warrenFigures(
                        "register-many",
                        fresh(),
                        kind,
                        "--count",
                        "\(count)",
                        "--in-flight",
                        "\(window)"
                    )
                    return Round(raw: raw.rate, warren: warren.rate)
                }
            }
        }
        measurements += QueueKind.allCases.map { termination($0, 10_000) }
        measurements += [
            idle("memory of an idle agent", "KiB", 1000, .init(side: .atMost, value: 20, isRatio: false)) {
                ($0.memory ?? 0) / 1024
            },
            idle("sockets of a process", "", quick ? 50 : 200, .init(side: .atMost, value: 3, isRatio: false)) {
                $0.sockets ?? 0
            },
        ]
        return measurements
    }

    private static func idle(
        _ name: String,
        _ unit: String,
        _ count: Int,
        _ goal: Result.Goal,
        _ figure: @escaping (Figures) -> Double
    ) -> Measurement {
        Measurement(name: "\(name) among \(count)", unit: unit, goal: goal, rounds: 1) { programs in
            let figures = try programs.warrenFigures("idle", fresh(), .classic, "--count", "\(count)")
            return Round(raw: nil, warren: figure(figures))
        }
    }

    private static func termination(_ kind: QueueKind, _ count: Int) -> Measurement {
        Measurement(
            name: "terminating with \(count) requests, \(kind)",
            unit: "/s",
            goal: atLeast(0.5),
            rounds: 1
        ) { programs in
            try programs.rawStep("objects", "make", "raw.q", kind.rawValue)
            try programs.rawStep("objects", "make", "raw.d", "classic")
            _ = try programs.rawFigures("send", "raw.q", "\(count)", "1024", "300")
            let raw = try programs.rawFigures("drain", "raw.q", "raw.d", "\(count)")
            try programs.rawStep("objects", "remove", "raw.q")
            try programs.rawStep("objects", "remove", "raw.d")
            let warren = try programs.warrenFigures("terminate", fresh(), kind, "--count", "\(count)")
            return Round(raw: raw.rate, warren: warren.rate)
        }
    }

    /// Discovering among few and many.
    static func directory() -> [Measurement] {
        [10, 1000, 100_000].flatMap { count -> [Measurement] in
            let opening = Measurement(
                name: "opening a directory of \(count)",
                unit: "/s",
                goal: count > 10_000 ? atLeast(0.8) : nil,
                rounds: 1
            ) { programs in
                let namespace = try directory(of: count, programs)
                let raw = try programs.rawFigures("replay", "warren.\(namespace).directory", "\(count)")
                let program = try programs.warren("discover", namespace, .classic)
                let figures = try program.figures()
                _ = try program.figures()
                try program.end()
                return Round(raw: raw.rate, warren: Double(count) / (figures.seconds ?? .infinity))
            }
            let looking = Measurement(
                name: "discovering 10 among \(count), median",
                unit: "µs",
                goal: nil,
                rounds: 1
            ) { programs in
                let namespace = try directory(of: count, programs)
                let program = try programs.warren("discover", namespace, .classic)
                _ = try program.figures()
                let figures = try program.figures()
                try program.end()
                return Round(raw: nil, warren: (figures.p50 ?? 0) * 1e6)
            }
            return [opening, looking]
        }
    }

    /// A namespace whose directory has so many agents, ten of them of the type `Match`.
    private static func directory(of count: Int, _ programs: Programs) throws -> String {
        let namespace = fresh()
        let first = try programs.warren("discover", namespace, .classic, "--count", "1")
        _ = try first.figures()
        try first.end()
        _ = try programs.rawFigures("announce", "warren.\(namespace).agents", "\(count)", "10")
        return namespace
    }

    static func fresh() -> String { "bench-\(UUID().uuidString.prefix(8))" }
}
