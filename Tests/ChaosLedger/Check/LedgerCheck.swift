internal import Foundation

/// Holds the ledgers against what Warren promises. Pure: the same events give the same verdict.
public struct LedgerCheck: Sendable {
    let history: History
    let limits: CheckLimits

    /// Checks these events.
    public init(_ events: [LedgerEvent], limits: CheckLimits = CheckLimits()) {
        history = History(events)
        self.limits = limits
    }

    /// All violations, and the figures of the run.
    public func verdict() -> Verdict {
        var violations = Set<Violation>()
        for story in history.requests.values {
            if story.subscribers != nil {
                violations.formUnion(eventViolations(story))
            } else {
                violations.formUnion(answerViolations(story))
            }
            violations.formUnion(executionViolations(story))
        }
        violations.formUnion(ownerViolations())
        violations.formUnion(orderViolations())
        violations.formUnion(processViolations())
        let sorted = violations.sorted { ($0.kind.rawValue, $0.text) < ($1.kind.rawValue, $1.text) }
        return Verdict(violations: sorted, figures: figures())
    }

    /// Whether a requester lived until it had waited for its answers.
    func hasLived(_ process: String?) -> Bool {
        process.flatMap { history.processes[$0]?.finished } != nil
    }

    private func processViolations() -> [Violation] {
        history.processes.values.compactMap { process in
            process.cause.map { Violation(.died, "\(process.name): \($0)") }
        }
    }

    /// A request in words.
    func name(_ story: RequestStory) -> String {
        let tag = story.tag.uuidString.lowercased().prefix(8)
        guard let requester = story.requester else { return "\(tag)" }
        return "\(tag) (number \(story.number) of \(requester) to \(mailbox(story.mailbox)))"
    }

    func mailbox(_ id: UUID?) -> String {
        id.map { String($0.uuidString.lowercased().prefix(8)) } ?? "nobody"
    }

    /// A moment in words: seconds since the first event.
    func moment(_ time: Int64) -> String {
        let start = history.processes.values.map(\.first).min() ?? 0
        return String(format: "%.3f s", Double(time - start) / 1e9)
    }
}
