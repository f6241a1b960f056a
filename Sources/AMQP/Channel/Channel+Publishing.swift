extension Channel {
    /// Publishes a message.
    ///
    /// On a channel with confirms it returns when the broker has taken responsibility: on a durable queue a persistent
    /// message is then on disk, on a quorum queue with a majority. On a channel without it returns when the message is
    /// on its way, and neither refusals nor returns are noticed. While the publish window is full or the broker blocks
    /// the connection nothing is written and the call waits, until its deadline.
    ///
    /// - Parameter deadline: The time limit. A later confirm is dropped.
    /// - Throws: `unroutable` (refused) when mandatory and no queue took it; `nacked` (refused) when a queue was full or
    ///   could not take it; `timedOut` and `cancelled`: `notSent` when it never left, else `unknown`; `blocked`
    ///   (not sent) when an alarm outlasted the deadline; `frameTooLarge` and `nameTooLong` before anything is sent;
    ///   the error of the channel or connection when that ends meanwhile (`unknown` when it was written). Publishing to
    ///   a missing exchange closes the channel with `notFound`.
    public nonisolated(nonsending) func publish(
        _ publication: Publication,
        deadline: Deadline
    ) async throws(AMQPError) {
        var publication = publication
        if confirms, publication.mandatory, publication.properties.messageID == nil {
            // A returned message is found by its id.
            publication.properties.messageID = "warren-\(key.generation)-\(connection.shared.nextID())"
        }
        let method = OutgoingMethod.basicPublish(
            exchange: publication.exchange,
            routingKey: publication.routingKey,
            mandatory: publication.mandatory
        )
        try method.validate(frameMax: frameMax)
        try publication.properties.validate(frameMax: frameMax)
        try await publications.publish(publication, deadline: deadline)
    }
}
