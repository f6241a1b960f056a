internal import AMQP
internal import AgentExchange
internal import Synchronization

/// What a compaction asks of the directory.
extension Directory {
    /// How many records the stream has, as far as it was read.
    var length: UInt64 { state.withLock { $0.readers[.main]?.length ?? 0 } }

    /// How many of them say nothing that is still true.
    var garbage: Int { state.withLock { $0.garbage } }

    /// Whether there is a copy of the stream.
    var hasCopy: Bool { state.withLock { $0.readers[.copy] != nil } }

    /// Whether the stream is worth compacting, or a compaction was not finished.
    var isDue: Bool {
        state.withLock { $0.isCaughtUp && ($0.readers[.copy] != nil || $0.hasGarbage(link.configuration)) }
    }

    /// Waits until the stream is worth compacting, at most so long.
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

    /// From now on what each stream says is kept apart, until ``forgetContents()``.
    ///
    /// - Parameter rereads: Whether the stream is read once more, because a part of it was read before.
    func keepContents(rereads: Bool) async {
        let channel = state.withLock { state in
            state.keepsContents = true
            guard rereads, state.readers[.main]?.contents == nil else { return nil as Channel? }
            state.fences.unsee(.main)
            return state.readers[.main]?.startOver()
        }
        try? await channel?.close(deadline: link.deadline)
    }

    /// The opposite of ``keepContents(rereads:)``.
    func forgetContents() {
        state.withLock { state in
            state.keepsContents = false
            if state.isCaughtUp, !state.isReloading { state.dropContents() }
        }
    }

    /// The records that a stream lacks; `nil` when it is not read, or was not read from its beginning.
    func missingRecords(in stream: DirectoryStream, owners: Bool) -> [TimedAnnouncement]? {
        state.withLock { state in
            guard state.isCaughtUp, let contents = state.readers[stream]?.contents else { return nil }
            return state.index.records(missingIn: contents, writer: link.user, owners: owners)
        }
    }

    /// Whether somebody was registered by another broker user than that of this session.
    var hasOtherOwners: Bool {
        state.withLock { $0.index.entries.values.contains { $0.owner.user != nil && $0.owner.user != link.user } }
    }

    /// Begins to compact. Returns `false` when this session does that already.
    func beginCompaction() -> Bool {
        state.withLock { state in
            defer { state.isCompacting = true }
            return !state.isCompacting
        }
    }

    /// The opposite of ``beginCompaction()``.
    func endCompaction() { state.withLock { $0.isCompacting = false } }

    /// Publishes records in their order, and takes them in when the broker has confirmed them.
    func announce(_ records: [TimedAnnouncement]) async throws(ExchangeError) {
        let publications = records.map { record in
            Publication(
                exchange: link.names.agents,
                routingKey: record.announcement.routingKey(by: link.wall),
                properties: record.announcement.properties(time: record.time == 0 ? nil : record.time),
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
