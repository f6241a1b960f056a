internal import AMQP
internal import AgentExchange

/// Sends broadcasts.
extension BrokerRoute {
    func broadcast(_ broadcast: Broadcast, limit: Int) async throws(ExchangeError) -> [AgentID] {
        let (properties, body) = try Envelope.encode(broadcast, replyTo: link.replyTo, together: link.together)
        guard body.count <= limit else {
            throw ExchangeError(.messageTooLarge, "\(body.count) bytes; the limit is \(limit)")
        }
        let agents = try await session.directory.agents(
            typeNamed: broadcast.typeName,
            allowSubtypes: broadcast.allowSubtypes
        )
        // If mailboxes have a limit, the broker does not tell which one was full.
        if link.configuration.maximumMailboxLength != nil { return try await send(broadcast, toEachOf: agents) }
        let publication = Publication(
            exchange: names.broadcasts,
            routingKey: names.broadcastKey(
                typeName: broadcast.typeName,
                allowSubtypes: broadcast.allowSubtypes
            ),
            properties: properties,
            body: body,
            mandatory: true
        )
        do {
            try await link.publish(publication)
            return agents
        } catch let error where error.code == .unroutable {
            return []
        } catch {
            // An operator set a limit: some mailboxes were full, the others have the message.
            let delivery: AgentExchange.DeliveryOutcome? = error.code == .nacked ? .unknown : nil
            throw ExchangeError(error, "the broadcast was not sent", delivery: delivery)
        }
    }

    /// Sends a broadcast as single requests. A full mailbox is answered for; a terminated one is left out.
    private func send(_ broadcast: Broadcast, toEachOf agents: [AgentID]) async throws(ExchangeError) -> [AgentID] {
        var asked: [AgentID] = []
        for agent in agents {
            let request = try broadcast.request(to: agent)
            do throws(ExchangeError) {
                try await PostedPublication.outcome(on: link, session.background) { (post) throws(ExchangeError) in
                    try send(request, mayComeAgain: false, post)
                }
            } catch let error where error.code == .mailboxTerminated || error.code == .badEntityID {
                continue
            } catch let error where error.code == .mailboxFull || !asked.isEmpty {
                contents.put(request.error(error.code, error.message))
            }
            asked.append(agent)
        }
        return asked
    }
}
