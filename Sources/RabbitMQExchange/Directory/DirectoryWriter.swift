internal import AMQP
internal import AgentExchange

/// Publishes records of the directory.
struct DirectoryWriter: Sendable {
    let link: BrokerLink
    let replica: DirectoryReplica

    /// Publishes a record and applies it.
    ///
    /// - Parameter time: The time of the event, in seconds since 1970; by default now.
    func announce(_ announcement: Announcement, time: UInt64? = nil) async throws(ExchangeError) {
        let properties = announcement.properties(time: time)
        let publication = publication(of: announcement, properties)
        do {
            try await SharedPublications(link: link).announce(publication)
        } catch {
            throw Self.failure(error)
        }
        if case .fence = announcement { return }
        replica.apply(announcement, time: properties.timestamp ?? 0, user: link.user)
    }

    /// Publishes a compaction's records in order, and returns when the broker has confirmed them.
    func announce(_ records: [TimedAnnouncement]) async throws(ExchangeError) {
        let publications = records.map { record in
            publication(
                of: record.announcement,
                record.announcement.properties(time: record.time == 0 ? nil : record.time, isCopy: true)
            )
        }
        do {
            try await SharedPublications(link: link).announce(publications)
        } catch {
            throw Self.failure(error)
        }
    }

    private func publication(of announcement: Announcement, _ properties: MessageProperties) -> Publication {
        Publication(
            exchange: link.names.agents,
            routingKey: announcement.routingKey(by: link.wall),
            properties: properties,
            body: announcement.body,
            mandatory: true
        )
    }

    private static func failure(_ error: AMQPError) -> ExchangeError {
        ExchangeError(error, "can't write to the directory")
    }
}
