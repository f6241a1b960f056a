import AgentExchange

/// The workers that the coordinator knows, what each has to do, and how it fared: a plain value.
struct Roster: Sendable {
    /// A worker.
    struct Entry: Sendable {
        /// The agent.
        let agent: AgentID
        /// How it is called.
        let handle: RemoteHandle
        /// Requests it was sent and has not answered.
        var load = 0
        /// Requests it answered with a receipt.
        var served = 0
        /// Those among them that had to be delivered more than once.
        var redelivered = 0
        /// Requests that failed and were handed on.
        var handedOn = 0
        /// How long it counted.
        var busy = Duration.zero
        /// Whether its mailbox was terminated.
        var isGone = false

        /// The name of the agent.
        var name: String { agent.name ?? agent.description }
    }

    private(set) var entries: [Entry]

    /// Knows workers that have nothing to do.
    init(_ handles: [RemoteHandle]) {
        entries = handles.map { Entry(agent: $0.agentID, handle: $0) }
    }

    /// Chooses the worker with the least to do; one that is to be avoided only when there is no other.
    mutating func take(avoiding avoided: AgentID?) -> RemoteHandle? {
        let candidates = entries.indices.filter { !entries[$0].isGone }
        let others = candidates.filter { entries[$0].agent != avoided }
        let chosen = (others.isEmpty ? candidates : others).min {
            (entries[$0].load, entries[$0].served) < (entries[$1].load, entries[$1].served)
        }
        guard let chosen else { return nil }
        entries[chosen].load += 1
        return entries[chosen].handle
    }

    /// A worker answered.
    mutating func answered(_ agent: AgentID, _ receipt: Worker.Receipt) {
        change(agent) { entry in
            entry.load -= 1
            entry.served += 1
            entry.busy += .microseconds(receipt.busyMicroseconds)
            if receipt.attempt > 1 { entry.redelivered += 1 }
        }
    }

    /// A request to a worker failed; the chunk goes to another.
    mutating func failed(_ agent: AgentID, _ error: ExchangeError) {
        change(agent) { entry in
            entry.load -= 1
            entry.handedOn += 1
            if error.code == .mailboxTerminated || error.code == .badEntityID { entry.isGone = true }
        }
    }

    private mutating func change(_ agent: AgentID, _ change: (inout Entry) -> Void) {
        guard let index = entries.firstIndex(where: { $0.agent == agent }) else { return }
        change(&entries[index])
    }
}
