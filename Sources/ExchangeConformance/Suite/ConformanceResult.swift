/// The result of a case.
public struct ConformanceResult: Sendable, CustomStringConvertible {
    /// The outcomes of a case.
    public enum Outcome: Sendable {
        /// The exchange shows the behavior.
        case passed
        /// The exchange does not show the behavior.
        case failed(ConformanceFailure)
        /// The exchange lacks a capability that the case needs.
        case notRun(reason: String)
    }

    /// The subject of the case.
    public let subject: String

    /// The behavior that it checks.
    public let name: String

    /// The outcome.
    public let outcome: Outcome

    /// The duration of the case.
    public let duration: Duration

    /// The failure; `nil` when the case passed or was not run.
    public var failure: ConformanceFailure? {
        if case .failed(let failure) = outcome { failure } else { nil }
    }

    /// The reason that the case was not run; `nil` when it was.
    public var reasonNotRun: String? {
        if case .notRun(let reason) = outcome { reason } else { nil }
    }

    /// Whether the exchange shows the behavior. `false` for a case that was not run.
    public var passed: Bool {
        if case .passed = outcome { true } else { false }
    }

    /// One line with the outcome, the behavior and the time; below it the reason of a failure, or of a case that was
    /// not run.
    public var description: String {
        let time = "(\(Int(duration / .milliseconds(1))) ms)"
        return switch outcome {
        case .passed: "passed   \(subject): \(name) \(time)"
        case .failed(let failure): "FAILED   \(subject): \(name) \(time)\n         \(failure)"
        case .notRun(let reason): "not run  \(subject): \(name)\n         \(reason)"
        }
    }
}
