internal import AMQP
internal import AgentExchange

extension BrokerLink {
    /// Returns whether the directory's objects exist.
    func hasDirectory() async throws(ExchangeError) -> Bool {
        guard try await hasExchange(names.agents) else { return false }
        if try await status(ofQueue: names.directory) != nil { return true }
        // It is recreated in the middle of a compaction.
        return try await hasCopyOfDirectory()
    }

    /// Returns whether a copy of the directory exists on the broker.
    func hasCopyOfDirectory() async throws(ExchangeError) -> Bool {
        try await status(ofQueue: names.directory(.copy)) != nil
    }
}
