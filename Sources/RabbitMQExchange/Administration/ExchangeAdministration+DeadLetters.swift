internal import AMQP
public import AgentExchange

extension ExchangeAdministration {
    /// Returns the number of waiting dead letters and of the sessions that answer them.
    public func deadLetters() async throws(ExchangeError) -> DeadLetterFigures {
        let letters = try await link.objects.status(ofQueue: names.unanswered)
        let older = try await link.objects.status(ofQueue: names.deadLetters)
        let parked = try await link.objects.status(ofQueue: names.parked)
        return DeadLetterFigures(
            waiting: (letters?.messageCount ?? 0) + (older?.messageCount ?? 0),
            consumers: letters?.consumerCount ?? older?.consumerCount ?? 0,
            parked: parked?.messageCount ?? 0
        )
    }
}
