package import AgentExchange

/// A way for the messages of one mailbox to others.
///
/// A transport checks its messages and keeps account of held requests; a route only carries. Every method returns at once,
/// except ``broadcast(_:limit:)`` and ``close()``. A message that is not refused by an error has its outcome reported
/// through `post`, once, on any thread.
package protocol MessageRoute: Sendable {
    /// Sends a request to its mailbox.
    ///
    /// - Parameter mayComeAgain: Whether a receiver may get another copy too, however much later.
    func send(_ request: Request, mayComeAgain: Bool, _ post: PostedPublication) throws(ExchangeError)

    /// Sends the answer to a held request. The outcome also settles that request, or keeps it held.
    func answer(_ response: Response, to way: ReplyWay, _ post: PostedPublication)

    /// Sends a response that settles nothing: a part of an answer, or the answer to a request that is not held.
    func part(_ response: Response, to way: ReplyWay, _ post: PostedPublication) throws(ExchangeError)

    /// Sends a notice to a mailbox's receiver, past all waiting messages. Without a receiver it is lost.
    func notice(_ notice: Notice, _ post: PostedPublication) throws(ExchangeError)

    /// Sends a broadcast to the agents in the directory. Returns those that it was sent to.
    func broadcast(_ broadcast: Broadcast, limit: Int) async throws(ExchangeError) -> [AgentID]

    /// An event is about to be published through the broker: its receivers may be those of the mailbox's requests.
    func prepareEvent()

    /// Ends the route when its transport closes. Returns when the broker has everything that is accepted and not
    /// answered, or when it does not answer in time.
    func close() async
}
