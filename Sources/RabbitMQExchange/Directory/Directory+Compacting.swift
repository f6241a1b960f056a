internal import AMQP
internal import AgentExchange
internal import Synchronization

/// The directory's operations for a compaction.
extension Directory {
    /// The number of records in the stream, as far as it was read.
    var length: UInt64 { state.withLock { $0.readers[.main]?.length ?? 0 } }

    /// The number of obsolete records.
    var garbage: Int { state.withLock { $0.garbage } }

    /// Whether a copy of the stream exists.
    var hasCopy: Bool { state.withLock { $0.readers[.copy] != nil } }

    /// Whether the stream is worth compacting, or a compaction is unfinished.
    var isDue: Bool {
        state.withLock { $0.isCaughtUp && ($0.readers[.copy] != nil || $0.hasGarbage(link.configuration)) }
    }

    /// Waits until the stream is worth compacting, at most for `limit`.
    func waitForGarbage(atMost limit: Duration) async {
        let signal = Signal<Void>()
        let isDue = state.withLock { state in
            guard state.isCaughtUp, state.hasGarbage(link.configuration) else {
                state.garbageWaiter = signal
                return false
            }
            return true
        }
        if !isDue { _ = await signal.wait(until: .now + limit) }
    }

    /// Keeps the contents of each stream apart, until ``forgetContents()``.
    ///
    /// - Parameter rereads: Whether to read the stream again, because a part of it was read before.
    func keepContents(rereads: Bool) async {
        let channel = state.withLock { state in
            state.keepsContents = true
            guard rereads, state.readers[.main]?.contents == nil else { return nil as Channel? }
            state.fences.unsee(.main)
            return state.readers[.main]?.startOver()
        }
        try? await channel?.close(deadline: link.deadline)
    }

    /// Ends ``keepContents(rereads:)``.
    func forgetContents() {
        state.withLock { state in
            state.keepsContents = false
            if state.isCaughtUp, !state.lacksRegistrations { state.dropContents() }
        }
    }

    /// Returns the records that a stream lacks; `nil` when it is not being read, or was not read from its beginning.
    func missingRecords(in stream: DirectoryStream, owners: Bool) -> [TimedAnnouncement]? {
        state.withLock { state in
            guard state.isCaughtUp, let contents = state.readers[stream]?.contents else { return nil }
            return state.index.records(missingIn: contents, writer: link.user, owners: owners)
        }
    }

    /// Whether another broker user than this session's registered an entity.
    var hasOtherOwners: Bool {
        state.withLock { $0.index.entries.values.contains { $0.owner.user != nil && $0.owner.user != link.user } }
    }

    /// Starts a compaction. Returns `false` when this session is already compacting.
    func beginCompaction() -> Bool {
        state.withLock { state in
            defer { state.isCompacting = true }
            return !state.isCompacting
        }
    }

    /// Ends ``beginCompaction()``.
    func endCompaction() { state.withLock { $0.isCompacting = false } }

    /// Publishes a compaction's records in order, and returns when the broker has confirmed them.
    func announce(_ records: [TimedAnnouncement]) async throws(ExchangeError) {
        let publications = records.map { record in
            Publication(
                exchange: link.names.agents,
                routingKey: record.announcement.routingKey(by: link.wall),
                properties: record.announcement.properties(
                    time: record.time == 0 ? nil : record.time,
                    isCopy: true
                ),
                body: record.announcement.body,
                mandatory: true
            )
        }
        do {
            try await link.announce(publications)
        } catch {
            throw ExchangeError(error, "can't write to the directory")
        }
    }
}
