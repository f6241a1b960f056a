/// What a check found.
public struct Verdict: Sendable, Codable {
    /// What was promised and did not hold. Empty when all is well.
    public let violations: [Violation]
    /// What was counted.
    public let figures: Figures

    /// How many violations there are of a kind.
    public func count(_ kind: Violation.Kind) -> Int { violations.count { $0.kind == kind } }
}
