internal import AgentExchange

/// Agents in the order of their registration numbers.
///
/// Listing takes time in proportion to the result. A removed agent leaves a gap; gaps are closed when they are more
/// than half.
struct RegistrationList {
    private var entries: [(number: Int, agent: AgentID?)] = []
    private var living = 0

    var isEmpty: Bool { living == 0 }

    /// The agents, oldest first.
    var agents: [AgentID] { entries.compactMap(\.agent) }

    /// Adds an agent. Its number must be higher than all earlier ones.
    mutating func append(_ agent: AgentID, _ number: Int) {
        entries.append((number, agent))
        living += 1
    }

    /// Removes the agent with the number, if any.
    mutating func remove(_ number: Int) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].number < number { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].number == number, entries[low].agent != nil else { return }
        entries[low].agent = nil
        living -= 1
        if entries.count > 2 * living + 16 { entries.removeAll { $0.agent == nil } }
    }
}
