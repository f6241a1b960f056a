internal import Foundation

/// One terminal answer for each request, and none for what was not asked.
extension LedgerCheck {
    func answerViolations(_ story: RequestStory) -> [Violation] {
        guard let requester = story.requester else {
            return story.answers.prefix(1).map {
                Violation(.unasked, "\(name(story)) was answered with \($0.code) at \($0.process)")
            }
        }
        var violations: [Violation] = []
        if story.answers.count > 1 {
            let answers = story.answers.map { "\($0.code) at \(moment($0.time))" }.joined(separator: ", ")
            violations.append(Violation(.duplicated, "\(name(story)): \(answers)"))
        }
        for answer in story.answers {
            violations += answerFaults(answer, story, requester)
        }
        if story.answers.isEmpty, hasLived(requester) { violations += lossViolations(story) }
        violations += sendViolations(story, requester)
        return violations
    }

    private func answerFaults(
        _ answer: RequestStory.Answer,
        _ story: RequestStory,
        _ requester: String
    ) -> [Violation] {
        var violations: [Violation] = []
        if answer.process != requester {
            violations.append(Violation(.unasked, "\(name(story)) was answered at \(answer.process)"))
        }
        if story.isRefused {
            violations.append(Violation(.refusedAnswered, "\(name(story)) failed, and was answered: \(answer.code)"))
        }
        switch answer.code {
        case LedgerEvent.result:
            let tag = answer.text?.split(separator: " ").first.map(String.init)
            if tag != story.tag.uuidString.lowercased() {
                violations.append(Violation(.wrongAnswer, "\(name(story)): \(answer.text ?? "nothing")"))
            }
            if !story.executions.contains(where: { $0.end != nil }) {
                violations.append(Violation(.invented, "\(name(story)) has a result, and nobody executed it"))
            }
        case "mailbox-terminated":
            let meant = story.mailbox.flatMap { history.terminating[$0] }
            if meant.map({ $0 > answer.time }) ?? true {
                violations.append(Violation(.falseTermination, "\(name(story)) at \(moment(answer.time))"))
            }
        default: break
        }
        return violations
    }

    private func lossViolations(_ story: RequestStory) -> [Violation] {
        if story.sending == .accepted {
            let place = "accepted at \(moment(story.sendEnd ?? 0)), executed \(story.executions.count) times"
            return [Violation(.lost, "\(name(story)): \(place)")]
        }
        // A call that had more time than all faults together.
        if story.delivery == "unanswered" { return [Violation(.lost, "\(name(story)): nobody answered the call")] }
        // A call that ended before its answer came: by a termination, or by the end of the run.
        if story.delivery == "gone" { return [] }
        guard let taken = story.executions.compactMap(\.answered).first else { return [] }
        return [Violation(.answerLost, "\(name(story)): the answer was taken at \(moment(taken))")]
    }

    private func sendViolations(_ story: RequestStory, _ requester: String) -> [Violation] {
        var violations: [Violation] = []
        if let end = story.sendEnd {
            let limit = (story.isCall ? limits.call : limits.send).nanoseconds
            if end - story.sendTime > limit + stopped(requester, story.sendTime, end) {
                let length = Double(end - story.sendTime) / 1e9
                violations.append(Violation(.hung, "\(name(story)): its send took \(length) s"))
            }
        } else if hasLived(requester) {
            violations.append(Violation(.hung, "\(name(story)): its send never ended"))
        }
        if story.sending == .accepted, let mailbox = story.mailbox, let ended = history.terminations[mailbox],
            story.sendTime > ended
        {
            let text = "\(name(story)): terminated at \(moment(ended)), sent at \(moment(story.sendTime))"
            violations.append(Violation(.acceptedLate, text))
        }
        return violations
    }

    /// For how long a process was stopped within a time.
    private func stopped(_ process: String, _ start: Int64, _ end: Int64) -> Int64 {
        let role = ProcessStory.role(of: process)
        return history.faults.filter { $0.target == role && $0.kind == "stop" }
            .reduce(0) { $0 + max(0, min(end, $1.end) - max(start, $1.begin)) }
    }
}
