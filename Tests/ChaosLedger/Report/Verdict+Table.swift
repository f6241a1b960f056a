internal import Foundation

extension Verdict {
    /// The figures as lines for people, and the first violations of each kind.
    public var table: String {
        var lines: [String] = []
        func row(_ name: String, _ value: String) {
            lines.append("  " + name.padding(toLength: 34, withPad: " ", startingAt: 0) + value)
        }
        let failures = figures.failures
        row("run", String(format: "%.0f s", figures.seconds))
        row("lives of requesters, of agents", "\(figures.requesters), \(figures.agents)")
        row("mailboxes, of them terminated", "\(figures.mailboxes), \(figures.terminations)")
        row("requests", "\(figures.requests)")
        row("  accepted", "\(figures.accepted)")
        row("  refused or not sent", "\(failures["refused", default: 0]), \(failures["notSent", default: 0])")
        row("  unknown, of them executed", "\(failures["unknown", default: 0]), \(figures.unknownExecuted)")
        row("  calls over before the answer", "\(failures["gone", default: 0])")
        row("  requester died while sending", "\(figures.open)")
        row("failures by code", list(figures.failureCodes))
        row("answered", "\(figures.answers.values.reduce(0, +))")
        row("  by code", list(figures.answers))
        row("  requester died before", "\(figures.orphans)")
        row("  and no agent executed it", "\(figures.lostWithBoth)")
        if figures.events > 0 {
            row("events, handled by agent types", "\(figures.events), \(figures.handledEvents)")
        }
        row("executions", "\(figures.executions)")
        row("  more than once (after a crash)", "\(figures.executedAgain)")
        row("  begun late (cut off)", "\(figures.begunLate)")
        row("faults", "\(figures.faults.values.reduce(0, +))")
        row("  by kind", list(figures.faults))
        if let longest = figures.longestRecovery, let median = figures.medianRecovery {
            row("times to recover", "\(figures.recoveries.count), median \(String(format: "%.1f s", median))")
            row("  longest", String(format: "%.1f s", longest.seconds) + " after \(longest.fault)")
        }
        if let silence = figures.longestSilence {
            row("longest time without a result", String(format: "%.1f s", silence.seconds) + " with \(silence.fault)")
        }
        for kind in Violation.Kind.allCases {
            row(kind.rawValue, "\(count(kind))")
        }
        for kind in Violation.Kind.allCases {
            for violation in violations.filter({ $0.kind == kind }).prefix(10) { lines.append("! \(violation)") }
        }
        return lines.joined(separator: "\n")
    }

    private func list(_ counts: [String: Int]) -> String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
            .joined(separator: ", ")
    }
}
