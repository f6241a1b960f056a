extension Measurement {
    /// Subscriptions that come and go, and their log on the broker's disk.
    static func subscriptions(quick: Bool) -> [Measurement] {
        let count = quick ? 10_000 : 100_000
        let churn = Churn(count)
        return [
            Measurement(
                name: "adding and removing \(count) subscriptions",
                unit: "/s",
                goal: nil,
                rounds: 1,
                isSteady: false,
                needsDisk: true
            ) { Round(raw: nil, warren: try churn.figures(of: $0).rate) },
            Measurement(
                name: "the log of \(count) subscriptions that came and went",
                unit: "MiB",
                // The stream's own limit is 64 MiB, and its last segment may lie beyond it.
                goal: .init(side: .atMost, value: 72, isRatio: false),
                rounds: 1,
                needsDisk: true
            ) { programs in
                _ = try churn.figures(of: programs)
                let bytes = try programs.disk(of: churn.namespace, "subscriptions").bytes
                return Round(raw: nil, warren: Double(bytes) / Double(1 << 20))
            },
        ]
    }
}

/// A namespace in which many subscriptions came and went.
private final class Churn {
    let namespace = Measurement.fresh()
    private let count: Int
    private var measured: Figures?

    init(_ count: Int) { self.count = count }

    /// Runs it once.
    func figures(of programs: Programs) throws -> Figures {
        if let measured { return measured }
        let figures = try programs.warrenFigures("subscriptions", namespace, .quorum, ["--count", "\(count)"])
        measured = figures
        return figures
    }
}
