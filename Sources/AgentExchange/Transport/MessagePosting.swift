/// A transport that tells a function what became of a message, on the thread where that is known, instead of waking a task
/// that waits for it.
package protocol MessagePosting: ExchangeTransport {
    /// Whether ``ExchangeTransport/send(_:)`` waits for nothing: then a request is sent by that.
    var sendsAtOnce: Bool { get }

    /// How many requests are handed out before one of them is answered.
    var requestLimit: Int { get }

    /// Begins to send a message, and returns at once.
    ///
    /// - Parameter ended: Called once, with what ``ExchangeTransport/send(_:)`` would return or throw. It may be called
    ///   before this returns, and must not wait for anything.
    /// - Returns: The message on its way.
    func post(
        _ message: Message,
        _ ended: @escaping @Sendable (Result<Void, ExchangeError>) -> Void
    ) -> any PostedMessage

    /// Those of the held requests whose requesters receive no more: their process or client is gone.
    func unawaited(_ requests: [Request]) async -> [Request]

    /// A request that was received is not going to be answered: gives it back to the mailbox, unless it was answered.
    func giveBack(_ request: Request)
}

/// A message on its way.
package protocol PostedMessage: Sendable {
    /// Ends it with ``ExchangeError/Code/cancelled``, unless it has ended. It may still be delivered: the error tells.
    func cancel()
}
