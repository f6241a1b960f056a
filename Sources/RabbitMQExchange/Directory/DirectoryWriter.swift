internal import AMQP
internal import AgentExchange

/// Publishes records of the directory.
struct DirectoryWriter: Sendable {
    let link: BrokerLink
    let replica: DirectoryReplica

    /// Publishes a record and applies it.
    ///
    /// - Parameters:
    ///   - time: The time of the event, in seconds since 1970; by default now.
    ///   - isShared: Whether a new agent is a work group. Later records say so as well.
    func announce(
        _ announcement: Announcement,
        time: UInt64? = nil,
        isShared: Bool = false
    ) async throws(ExchangeError) {
        let isShared = isShared || self.isShared(announcement)
        let properties = announcement.properties(time: time, isShared: isShared)
        let publication = publication(of: announcement, properties)
        do {
            try await SharedPublications(link: link).announce(publication)
        } catch {
            throw Self.failure(error)
        }
        if case .fence = announcement { return }
        replica.apply(announcement, time: properties.timestamp ?? 0, user: link.user, isShared: isShared)
    }

    /// Publishes a compaction's records in order, and returns when the broker has confirmed them.
    func announce(_ records: [TimedAnnouncement]) async throws(ExchangeError) {
        let publications = records.map { record in
            publication(
                of: record.announcement,
                record.announcement.properties(
                    time: record.time == 0 ? nil : record.time,
                    isCopy: true,
                    isShared: isShared(record.announcement)
                )
            )
        }
        do {
            try await SharedPublications(link: link).announce(publications)
        } catch {
            throw Self.failure(error)
        }
    }

    /// Returns whether a record is about a work group, as far as known.
    private func isShared(_ announcement: Announcement) -> Bool {
        guard let agent = announcement.agent else { return false }
        return replica.read { $0.isShared(agent) }
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
