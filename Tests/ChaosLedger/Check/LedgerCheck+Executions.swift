internal import Foundation

/// What is executed, when, and how often.
extension LedgerCheck {
    func executionViolations(_ story: RequestStory) -> [Violation] {
        guard !story.executions.isEmpty else { return [] }
        var violations: [Violation] = []
        if story.isRefused {
            violations.append(
                Violation(.refusedExecuted, "\(name(story)) failed, and was executed by \(story.executions[0].process)")
            )
        }
        for execution in story.executions where isLate(execution, story) && !isCutOff(execution, story) {
            let text = "\(name(story)) by \(execution.process) at \(moment(execution.start))"
            violations.append(Violation(.executedLate, text))
        }
        // An event may come again whenever its worker changes.
        if story.subscribers != nil { return violations }
        for (index, later) in story.executions.enumerated().dropFirst() {
            for earlier in story.executions[..<index] where !isAllowed(later, after: earlier, story) {
                let text =
                    "\(name(story)) by \(earlier.process) at \(moment(earlier.start)), and by \(later.process) "
                    + "at \(moment(later.start)) as attempt \(later.attempt)"
                violations.append(Violation(.executedAgain, text))
            }
        }
        return violations
    }

    /// Whether an execution began after its request was answered because the mailbox was terminated.
    func isLate(_ execution: RequestStory.Execution, _ story: RequestStory) -> Bool {
        story.answers.contains {
            $0.code == "mailbox-terminated" && execution.start > $0.time + limits.scheduling.nanoseconds
        }
    }

    /// Whether a process could not know that a mailbox was terminated: it was stopped, or cut off. That is a documented
    /// limit.
    func isCutOff(_ execution: RequestStory.Execution, _ story: RequestStory) -> Bool {
        guard let answer = story.answers.first else { return false }
        let grace = limits.grace.nanoseconds
        return history.isDisturbed(execution.process, from: answer.time, to: execution.start, grace: grace)
    }

    /// Whether a second execution is explained by what happened after the first.
    private func isAllowed(
        _ later: RequestStory.Execution,
        after earlier: RequestStory.Execution,
        _ story: RequestStory
    ) -> Bool {
        if story.isWorkers { return mayComeAgain(later, after: earlier, story) }
        guard let mailbox = story.mailbox else { return true }
        let place = History.Place(process: earlier.process, mailbox: mailbox)
        let isSame = later.process == earlier.process && !hasOpened(place, from: earlier.start, to: later.start)
        guard let answered = earlier.answered else { return !isSame }
        if isSame {
            let others = history.settlings[place, default: []].filter { $0 > answered && $0 < later.start }
            return others.count >= limits.window
        }
        // Another life of the agent knows nothing of the first: it may run what was not settled, and late copies.
        return !isSettled(earlier, answered) || mayHaveCopies(story) || wasHandedFirst(later, than: earlier, story)
    }

    /// Whether the process of the later execution was handed the request before the other one, and was cut off since: it
    /// finishes what it has, although the broker has given it to another.
    private func wasHandedFirst(
        _ later: RequestStory.Execution,
        than earlier: RequestStory.Execution,
        _ story: RequestStory
    ) -> Bool {
        later.attempt < earlier.attempt && history.isDisturbed(later.process, from: story.sendTime, to: later.start)
    }

    private func hasOpened(_ place: History.Place, from start: Int64, to end: Int64) -> Bool {
        history.servings[place, default: []].contains { $0 > start && $0 < end }
    }

    /// Whether the request of an execution was off the broker for good: the agent lived on after the answer, and nothing had
    /// disturbed it since it was handed the request. One that lost its connection has lost the request to whoever stands by,
    /// and finishes all the same.
    private func isSettled(_ execution: RequestStory.Execution, _ answered: Int64) -> Bool {
        let end = answered + limits.settling.nanoseconds
        let begin = execution.start - limits.waiting.nanoseconds
        guard let process = history.processes[execution.process] else { return false }
        let life = process.closed ?? process.died ?? history.end
        guard life >= end else { return false }
        return !history.isDisturbed(execution.process, from: begin, to: end)
    }

    /// Whether the requester may have published it more than once.
    private func mayHaveCopies(_ story: RequestStory) -> Bool {
        guard let requester = story.requester, !limits.renews else { return true }
        let end = story.sendEnd ?? .max
        return history.isDisturbed(requester, from: story.sendTime, to: end, grace: limits.settling.nanoseconds)
    }
}
