internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// Reading the streams.
extension Directory {
    /// The number of records after which a replay reports its progress.
    private static let milestone = 100_000

    /// Receives the records of one stream on the connection's thread.
    struct Sink: StandingSink {
        let directory: Directory
        let stream: DirectoryStream

        func begins(on channel: Channel) { directory.begins(stream, on: channel) }
        func received(_ deliveries: [Delivery]) { directory.received(deliveries, from: stream) }
        func ended(_ error: AMQPError?) -> AMQPError? { directory.ended(stream, error) }
    }

    /// A record as read from a stream.
    private struct Record {
        /// The announcement; `nil` when it could not be decoded.
        let announcement: Announcement?
        let offset: UInt64
        let messageID: String?
        let time: UInt64
        /// Whether a compaction wrote it.
        let isCopy: Bool
        /// The broker user that wrote it, if known.
        let user: String?
    }

    /// The consequences of reading some records.
    private struct Outcome {
        var ended: (waiters: [FenceLedger.Waiter], next: FenceLedger.Order?) = ([], nil)
        var isOther = false
        var mustLook = false
        var mustRestore = false
        /// The progress of a replay to report, if any.
        var milestone: Int?
        var garbageWaiter: Signal<Void>?
    }

    /// Makes a reader of a stream, from its beginning or from the last offset.
    func makeReader(of stream: DirectoryStream) -> DirectoryReader {
        let queue = link.names.directory(stream)
        let tag = "warren.directory.\(link.sessionID.lowercased)"
        let consumer = StandingConsumer(
            link: link,
            background: background,
            queue: queue,
            declaration: { [self] in
                let offset = state.withLock { $0.readers[stream]?.expected?.offset }
                return ConsumerDeclaration(
                    queue: queue,
                    tag: tag,
                    prefetch: 1000,
                    arguments: ["x-stream-offset": offset.map { .int64(Int64(clamping: $0)) } ?? "first"]
                )
            },
            repair: { [self] in await replaced(stream) },
            handling: .pushed(Sink(directory: self, stream: stream))
        )
        return DirectoryReader(consumer)
    }

    private func begins(_ stream: DirectoryStream, on channel: Channel) {
        let order = state.withLock { state -> FenceLedger.Order? in
            let wasRead = (state.readers[stream]?.reads ?? 0) > 0
            let bounds = state.index.bounds
            state.readers[stream]?.begin(on: channel, bounds: bounds)
            state.fences.unsee(stream)
            guard stream == .main else { return nil }
            state.needsLook = true
            // A fence published earlier may be in the stream that was read before, and nowhere else.
            return wasRead ? state.fences.current : nil
        }
        if let order { repeatFence(order) }
    }

    /// Applies many records at once: a large directory is read as fast as the broker sends it.
    private func received(_ deliveries: [Delivery], from stream: DirectoryStream) {
        guard let last = deliveries.last else { return }
        let now = Date.now.amqpTimestamp
        let records = deliveries.map { delivery in
            let properties = delivery.properties
            return Record(
                announcement: read(delivery),
                offset: Self.offset(of: delivery) ?? 0,
                messageID: properties.messageID,
                // A record's time can't make other records look old.
                time: min(properties.timestamp ?? 0, now),
                isCopy: properties.headers[Header.copied] != nil,
                user: properties.userID
            )
        }
        let outcome = state.withLock { state in take(records, from: stream, last.channel, &state) }
        for record in records { record.announcement.map(unfinished.take) }
        // Acknowledged at once: the acknowledgement timeout applies to streams too, and records may be rare.
        last.channel.acknowledge(last.deliveryTag, multiple: true)
        if let count = outcome.milestone {
            link.logger.info("the directory is being read", metadata: .init(keys: [.count: "\(count)"]))
        }
        conclude(outcome.ended)
        outcome.garbageWaiter?.send(())
        if outcome.mustLook { background.start { await self.look() } }
        if outcome.mustRestore { background.start { await self.restore() } }
        if outcome.isOther { background.start { [self] in try? await last.channel.close(deadline: link.deadline) } }
    }

    private func take(
        _ records: [Record],
        from stream: DirectoryStream,
        _ channel: Channel,
        _ state: inout State
    ) -> Outcome {
        var outcome = Outcome()
        // Accessed in place: a copy of the reader would copy its contents with the next record.
        guard state.readers[stream]?.isRead(on: channel) == true, state.readers[stream]?.isStartingOver == false,
            let readsBefore = state.readers[stream]?.reads, let wasCaughtUp = state.readers[stream]?.isCaughtUp
        else { return outcome }
        for record in records {
            guard state.readers[stream]?.accepts(record.offset, record.messageID) == true else {
                if state.readers[stream]?.isStartingOver == true { break }
                continue
            }
            guard let announcement = record.announcement else { continue }
            if case .fence(let id) = announcement {
                guard state.fences.saw(id, in: stream) else { continue }
                catchUp(stream, &state)
                if stream == .main, state.needsLook, !state.isLooking {
                    state.isLooking = true
                    outcome.mustLook = true
                }
                continue
            }
            let (time, user, isCopy) = (record.time, record.user, record.isCopy)
            state.readers[stream]?.contents?.apply(announcement, time: time, user: user, isCopy: isCopy)
            if state.readers[stream]?.isCaughtUp == true {
                state.tell(state.index.apply(announcement, time: time, user: user, isCopy: isCopy))
            }
        }
        outcome.isOther = state.readers[stream]?.isStartingOver == true
        if !wasCaughtUp, let reads = state.readers[stream]?.reads,
            reads / Self.milestone > readsBefore / Self.milestone
        {
            outcome.milestone = reads
        }
        outcome.mustRestore = settle(&state)
        outcome.ended = state.complete()
        if state.garbageWaiter != nil, state.isCaughtUp, state.hasGarbage(link.configuration) {
            outcome.garbageWaiter = state.garbageWaiter
            state.garbageWaiter = nil
        }
        return outcome
    }

    /// Records that every existing record of a stream has been read.
    private func catchUp(_ stream: DirectoryStream, _ state: inout State) {
        guard state.readers[stream]?.isCaughtUp == false else { return }
        state.readers[stream]?.isCaughtUp = true
        guard let contents = state.readers[stream]?.contents else { return }
        // The stream that had them was deleted, perhaps before this session read it for the first time.
        if stream == .main, state.index.hasEntries(missingIn: contents) { state.lacksRegistrations = true }
        state.tell(state.index.merge(contents))
    }

    /// Drops the contents that were kept apart, or keeps them for a comparison, once everything was read. Returns
    /// whether to compare.
    func settle(_ state: inout State) -> Bool {
        guard state.isCaughtUp else { return false }
        if state.index.hasDoubts {
            state.tell(state.index.reconsider(state.readers.values.compactMap(\.contents)))
        }
        if state.lacksRegistrations {
            guard !state.isRestoring else { return false }
            state.isRestoring = true
            return true
        }
        if !state.keepsContents { state.dropContents() }
        return false
    }

    private func ended(_ stream: DirectoryStream, _ error: AMQPError?) -> AMQPError? {
        state.withLock { $0.readers[stream]?.isStartingOver == true } ? Self.anotherStream : error
    }

    private static let anotherStream = AMQPError(
        code: .consumerCancelled,
        delivery: .notSent,
        message: "The stream is another one."
    )

    private func read(_ delivery: Delivery) -> Announcement? {
        if let announcement = Announcement(delivery.properties, body: delivery.body),
            announcement.isCredible(with: delivery.routingKey, by: delivery.properties.userID)
        {
            return announcement
        }
        link.logger.warning(
            "a record of the directory was not understood",
            metadata: .init(keys: [.queue: link.names.directory, .count: "\(Self.offset(of: delivery) ?? 0)"])
        )
        return nil
    }

    private static func offset(of delivery: Delivery) -> UInt64? {
        delivery.properties.headers["x-stream-offset"]?.integerValue.flatMap(UInt64.init(exactly:))
    }
}

extension Directory.State {
    /// Drops the contents that were kept apart from the index.
    mutating func dropContents() {
        for stream in DirectoryStream.allCases where readers[stream]?.contents != nil {
            readers[stream]?.contents = nil
        }
    }

    /// The number of obsolete records in the stream.
    var garbage: Int {
        Int(clamping: readers[.main]?.length ?? 0) - index.neededRecords
    }

    /// Returns whether there are enough of them to compact the stream.
    func hasGarbage(_ configuration: RabbitMQConfiguration) -> Bool {
        garbage > max(configuration.compactionThreshold, index.neededRecords / 2)
    }
}
