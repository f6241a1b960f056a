internal import Foundation

/// What is counted.
extension LedgerCheck {
    func figures() -> Figures {
        var figures = Figures()
        for story in history.requests.values { count(story, &figures) }
        for fault in history.faults { figures.faults[fault.kind, default: 0] += 1 }
        figures.terminations = history.terminations.count
        figures.mailboxes = Set(history.requests.values.compactMap(\.mailbox)).count
        figures.requesters = history.processes.values.filter { $0.role.hasPrefix("requester") }.count
        figures.agents = history.processes.values.filter { $0.role.hasPrefix("agent") }.count
        figures.seconds = Double(history.end - (history.processes.values.map(\.first).min() ?? history.end)) / 1e9
        figures.recoveries = recoveries()
        figures.longestSilence = longestSilence()
        return figures
    }

    private func count(_ story: RequestStory, _ figures: inout Figures) {
        guard story.requester != nil else { return }
        if story.subscribers != nil {
            figures.events += 1
            figures.handledEvents += story.executions.count
            return
        }
        figures.requests += 1
        switch story.sending {
        case .open: figures.open += 1
        case .accepted: figures.accepted += 1
        case .failed(let code, let delivery):
            figures.failures[delivery, default: 0] += 1
            figures.failureCodes[code, default: 0] += 1
        }
        if let answer = story.answers.first { figures.answers[answer.code, default: 0] += 1 }
        if story.answers.isEmpty, story.sending == .accepted, !hasLived(story.requester) {
            figures.orphans += 1
            let isTerminated = story.mailbox.map { history.terminating[$0] != nil } ?? false
            if !isTerminated, story.executions.allSatisfy({ $0.end == nil }) { figures.lostWithBoth += 1 }
        }
        if story.executions.count > 1 { figures.executedAgain += 1 }
        figures.executions += story.executions.count
        figures.begunLate += story.executions.filter { isLate($0, story) && isCutOff($0, story) }.count
        if story.isUnknown, !story.executions.isEmpty { figures.unknownExecuted += 1 }
    }

    /// The times from the end of the last fault until every pair of a requester and an agent has a result again. Where the
    /// next fault came first there is none.
    private func recoveries() -> [Figures.Recovery] {
        let results = resultTimes()
        return history.faults.compactMap { fault in
            guard fault.end != .max,
                !history.faults.contains(where: { $0.begin <= fault.end && $0.end > fault.end })
            else { return nil }
            let next = history.faults.map(\.begin).filter { $0 > fault.end }.min() ?? .max
            var longest: Int64 = 0
            for (pair, times) in results {
                guard let process = history.processes[pair.requester], process.first < fault.end,
                    (process.finished ?? process.died ?? process.last) > fault.end
                else { continue }
                guard let index = times.partitioningIndex(where: { $0 > fault.end }) else {
                    // One that died, or never came to it.
                    if process.finished == nil { continue }
                    return nil
                }
                if times[index] > next { return nil }
                longest = max(longest, times[index] - fault.end)
            }
            return longest > 0 ? Figures.Recovery(fault: fault.kind, seconds: Double(longest) / 1e9) : nil
        }
    }

    private func longestSilence() -> Figures.Recovery? {
        var longest: (start: Int64, end: Int64)?
        for (pair, times) in resultTimes() where hasLived(pair.requester) {
            for (start, end) in zip(times, times.dropFirst())
            where end - start > longest.map({ $0.end - $0.start }) ?? 0 {
                longest = (start, end)
            }
        }
        return longest.map { start, end in
            let kinds = Set(history.faults.filter { $0.begin < end && $0.end > start }.map(\.kind))
            let fault = kinds.sorted().joined(separator: "+")
            return Figures.Recovery(fault: fault, seconds: Double(end - start) / 1e9)
        }
    }

    private struct Pair: Hashable {
        let requester: String
        let agent: String
    }

    private func resultTimes() -> [Pair: [Int64]] {
        var times: [Pair: [Int64]] = [:]
        for story in history.requests.values {
            for answer in story.answers where answer.code == LedgerEvent.result {
                guard let agent = answer.text?.split(separator: " ").last else { continue }
                let pair = Pair(requester: answer.process, agent: ProcessStory.role(of: String(agent)))
                times[pair, default: []].append(answer.time)
            }
        }
        return times.mapValues { $0.sorted() }
    }
}

extension [Int64] {
    /// The index of the first element that satisfies a condition which all after it satisfy too.
    fileprivate func partitioningIndex(where condition: (Int64) -> Bool) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low < count ? low : nil
    }
}
