extension Publisher {
    /// Returns the publication with missing parts added.
    ///
    /// - Throws: The reason that it can't be published; nothing was sent.
    func checked(_ publication: Publication) throws(AMQPError) -> Publication {
        if case .refused(let error, _) = connection.current { throw error.with(delivery: .notSent) }
        try OutgoingMethod.basicPublish(
            exchange: publication.exchange,
            routingKey: publication.routingKey,
            mandatory: publication.mandatory
        ).validate(frameMax: connection.configuration.frameMax)
        var publication = publication
        if publication.mandatory, publication.properties.messageID == nil {
            publication.properties.messageID = nextMessageID()
        }
        try publication.properties.validate(frameMax: connection.configuration.frameMax)
        if !publication.body.isEmpty, let limit = largestBody, publication.body.count > limit {
            throw .tooLarge(publication.body.count, limit: limit, delivery: .notSent)
        }
        return publication
    }
}
