/// How a case ended.
public struct ConformanceResult: Sendable, CustomStringConvertible {
    /// The ways in which a case ends.
    public enum Outcome: Sendable {
        /// The exchange behaves as the case says.
        case passed
        /// The exchange behaves otherwise.
        case failed(ConformanceFailure)
        /// The exchange lacks a capability that the case needs.
        case notRun(reason: String)
    }

    /// The subject of the case.
    public let subject: String

    /// The sentence that it checks.
    public let name: String

    /// How it ended.
    public let outcome: Outcome

    /// How long it took.
    public let duration: Duration

    /// Why it failed; `nil` when it passed or was not run.
    public var failure: ConformanceFailure? {
        if case .failed(let failure) = outcome { failure } else { nil }
    }

    /// Why it was not run; `nil` when it was.
    public var reasonNotRun: String? {
        if case .notRun(let reason) = outcome { reason } else { nil }
    }

    /// Whether the exchange behaves as the case says. `false` for a case that was not run.
    public var passed: Bool {
        if case .passed = outcome { true } else { false }
    }

    /// One line: the outcome, the sentence, the time; and below it why it failed or was not run.
    public var description: String {
        let time = "(\(Int(duration / .milliseconds(1))) ms)"
        return switch outcome {
        case .passed: "passed   \(subject): \(name) \(time)"
        case .failed(let failure): "FAILED   \(subject): \(name) \(time)\n         \(failure)"
        case .notRun(let reason): "not run  \(subject): \(name)\n         \(reason)"
        }
    }
}
