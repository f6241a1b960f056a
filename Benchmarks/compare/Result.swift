/// A figure of both sides, and what it should be.
struct Result: Codable {
    /// What was measured.
    let name: String
    /// Of `raw` and `warren`.
    let unit: String
    /// The median of the rounds; absent where only Warren has a figure.
    let raw: Double?
    let warren: Double
    /// The median of the ratios of each round.
    let ratio: Double?
    let goal: Goal?

    /// What a figure should be.
    struct Goal: Codable {
        enum Side: String, Codable {
            case atLeast, atMost
        }

        let side: Side
        let value: Double
        /// Whether it is about the ratio, or about Warren's figure itself.
        let isRatio: Bool
    }

    /// The figure that the goal is about; `nil` for a ratio when the raw program measured nothing.
    private var figure: Double? { goal?.isRatio == true ? ratio : warren }

    /// Whether the goal is reached; `nil` without one, and without a figure.
    var isReached: Bool? {
        guard let goal, let figure else { return nil }
        return goal.side == .atLeast ? figure >= goal.value : figure <= goal.value
    }

    /// Whether the figure left its goal by half. Where an earlier one had done so already: whether it is twice as bad as that.
    func isFar(after earlier: Result?) -> Bool {
        guard let goal, let figure else { return false }
        let isFar = goal.side == .atLeast ? figure < goal.value * 0.5 : figure > goal.value * 1.5
        guard isFar, let earlier, earlier.isFar(after: nil), let before = earlier.figure else { return isFar }
        return goal.side == .atLeast ? figure < before * 0.5 : figure > before * 2
    }
}
