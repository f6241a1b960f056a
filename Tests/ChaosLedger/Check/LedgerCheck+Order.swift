internal import Foundation

/// The order of what one requester sends to one mailbox, one after another.
extension LedgerCheck {
    /// Of first attempts only, and of what was accepted: redelivery breaks the order, and of what is unknown nothing is
    /// promised.
    func orderViolations() -> [Violation] {
        var violations: [Violation] = []
        for (place, arrivals) in history.arrivals {
            var last: [String: (number: Int, tag: UUID)] = [:]
            for arrival in arrivals {
                guard let story = history.requests[arrival.request], let requester = story.requester,
                    isOrdered(arrival, story, at: place)
                else { continue }
                if let before = last[requester], before.number > story.number {
                    violations.append(
                        Violation(.reordered, "\(name(story)) reached \(place.process) after number \(before.number)")
                    )
                }
                last[requester] = (max(story.number, last[requester]?.number ?? 0), story.tag)
            }
        }
        return violations
    }

    private func isOrdered(_ arrival: History.Arrival, _ story: RequestStory, at place: History.Place) -> Bool {
        guard arrival.attempt == 1, !story.isCall, story.sending == .accepted else { return false }
        return story.executions.first { $0.agentType == arrival.agentType }?.process == place.process
    }
}
