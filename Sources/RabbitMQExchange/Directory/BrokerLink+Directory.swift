internal import AMQP
internal import AgentExchange

extension BrokerLink {
    /// Returns whether a copy of the directory exists on the broker.
    func hasCopyOfDirectory() async throws(ExchangeError) -> Bool {
        try await status(ofQueue: names.directory(.copy)) != nil
    }
}
