internal import Foundation

/// Events, and the workers of an address.
extension LedgerCheck {
    /// An accepted event reaches each agent type with a subscription, and no other.
    func eventViolations(_ story: RequestStory) -> [Violation] {
        guard let subscribers = story.subscribers else { return [] }
        guard let publisher = story.requester else {
            return [Violation(.unasked, "the event \(name(story)) was published by nobody")]
        }
        var violations: [Violation] = []
        let types = Set(story.executions.compactMap(\.agentType))
        for type in types.subtracting(subscribers.map { $0.replacing("?", with: "") }).sorted() {
            violations.append(Violation(.strayEvent, "\(name(story)) reached \(type)"))
        }
        if story.sending == .accepted {
            let handled = Set(story.executions.filter { $0.end != nil }.compactMap(\.agentType))
            for type in subscribers.subtracting(handled).sorted() where !type.hasSuffix("?") {
                let moment = moment(story.sendEnd ?? 0)
                let text = "\(name(story)), accepted at \(moment), for \(type)\(ending(story, type))"
                violations.append(Violation(.eventLost, text))
            }
        }
        if story.sending == .open, hasLived(publisher) {
            violations.append(Violation(.hung, "\(name(story)): its publishing never ended"))
        }
        return violations
    }

    /// The last trace of an event that an agent type did not handle, for the text of the violation.
    private func ending(_ story: RequestStory, _ type: String) -> String {
        var parts: [String] = []
        if story.isUntaken { parts.append("its publisher was told that it has no subscriber") }
        if let reason = story.parkingReason { parts.append("it is parked: \(reason)") }
        for execution in story.executions where execution.agentType == type {
            parts.append("\(execution.process) began with attempt \(execution.attempt) at \(moment(execution.start))")
        }
        parts += history.leftOvers.map { "left in \($0)" }
        return parts.map { "; \($0)" }.joined()
    }

    /// Of two workers only one runs messages of an address, unless a fault keeps one of them from knowing.
    func ownerViolations() -> [Violation] {
        var violations: [Violation] = []
        for runs in history.runs.values {
            // The run that lasts longest, of each process.
            var last: [String: (run: History.Run, end: Int64)] = [:]
            for run in runs {
                for (process, other) in last where process != run.process && other.end > run.start {
                    if isDisturbed(other.run, run) { continue }
                    let text =
                        "\(process) runs a message from \(moment(other.run.start)) to \(moment(other.end)), and "
                        + "\(run.process) another of the address from \(moment(run.start))"
                    violations.append(Violation(.twoOwners, text))
                }
                guard let end = end(of: run) else { continue }
                if end > last[run.process]?.end ?? 0 { last[run.process] = (run, end) }
            }
        }
        return violations
    }

    /// The time when a run was certainly still going on.
    private func end(of run: History.Run) -> Int64? {
        let execution = history.requests[run.request]?.executions.first {
            $0.process == run.process && $0.start == run.start
        }
        return execution?.end.map { $0 - limits.scheduling.nanoseconds }
    }

    private func isDisturbed(_ earlier: History.Run, _ later: History.Run) -> Bool {
        let begin = earlier.start - limits.waiting.nanoseconds
        return [earlier.process, later.process].contains {
            // A process that was started has no messages of before.
            history.isDisturbed(
                $0,
                from: begin,
                to: later.start,
                grace: limits.grace.nanoseconds,
                otherThan: ["kill", "end"]
            )
        }
    }

    /// Whether something explains that a worker ran a request again: the first one was disturbed or ended, or the requester was
    /// disturbed, whose session then sends it once more.
    func mayComeAgain(
        _ later: RequestStory.Execution,
        after earlier: RequestStory.Execution,
        _ story: RequestStory
    ) -> Bool {
        let begin = earlier.start - limits.waiting.nanoseconds
        let grace = limits.grace.nanoseconds
        let process = history.processes[earlier.process]
        if let end = process?.closed ?? process?.died, end < later.start { return true }
        return ([earlier.process, later.process] + [story.requester].compactMap(\.self)).contains {
            history.isDisturbed($0, from: begin, to: later.start, grace: grace)
        }
    }
}
