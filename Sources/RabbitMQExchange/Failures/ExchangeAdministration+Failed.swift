internal import AMQP
public import AgentExchange
internal import Foundation

/// Failed requests that agents kept.
extension ExchangeAdministration {
    private var failures: ParkedMessages { ParkedMessages(session: session, queue: names.failed) }

    /// Returns the oldest failed requests: ``ParkedMessage/reason`` is the text of the error.
    ///
    /// They are read as ``parked(limit:where:)`` reads parked messages.
    public func failed(
        limit: Int = 100,
        where matches: (ParkedMessage) -> Bool = { _ in true }
    ) async throws(ExchangeError) -> [ParkedMessage] {
        try await failures.oldest(limit: limit, where: matches)
    }

    /// Removes failed requests permanently.
    ///
    /// - Returns: The number of removed requests.
    public func dropFailed(where matches: (ParkedMessage) -> Bool) async throws(ExchangeError) -> Int {
        try await failures.drop(where: matches)
    }

    /// Sends failed requests again, each as a new request of its former requester, whose mailbox gets the answer. They stay
    /// in the queue.
    ///
    /// Agents that require the `user_id` of their requesters refuse requests of other broker users than this one.
    ///
    /// - Returns: The number of sent requests.
    /// - Throws: As ``replayParked(to:where:)``.
    public func replayFailed(where matches: (ParkedMessage) -> Bool) async throws(ExchangeError)
        -> Int
    {
        try await failures.sendAgain(where: matches)
    }
}
