extension CallPath {
    /// Checks that a call can be served while the agents on the path wait for it.
    ///
    /// - Throws: ``ExchangeError/Code/wouldDeadlock``.
    package func check(_ body: Request.Body, to agent: AgentID) throws(ExchangeError) {
        guard !places.isEmpty, case .action(let name, _) = body else { return }
        let full = places.first {
            $0.agent == agent.uuid && $0.taken >= $0.limit && ($0.action == nil || $0.action == name)
        }
        guard let full else { return }
        let text =
            full.limit == 0
            ? "the agent serves no requests while it starts or stops, and waits for this call"
            : "the agent runs at most \(full.limit) of these at a time, and as many wait for this call"
        throw ExchangeError(.wouldDeadlock, text, entity: .agent(agent))
    }
}
