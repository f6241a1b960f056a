internal import AMQP
internal import AgentExchange

/// Making mailboxes known.
enum Registration {
    /// Makes the mailbox of an entity and announces it.
    ///
    /// The announcement comes last: whoever finds the entity can reach it. When this fails, the queue is removed again.
    static func register(_ id: EntityID, lineage: [String], in session: Session) async throws(ExchangeError) {
        let announcement = Announcement.registered(id, lineage: lineage)
        let link = session.link
        try await Topology.mailbox(of: id, lineage: lineage, link.names, link.configuration, forOlder: link.servesOlder)
            .declare(on: link, entity: id)
        do {
            try await session.directory.announce(announcement)
        } catch {
            let queue = link.names.queue(of: id)
            let deadline = link.deadline
            _ = try? await link.declare("can't delete a queue") { (channel) throws(AMQPError) in
                try await channel.deleteQueue(queue, deadline: deadline)
            }
            throw error
        }
    }
}
