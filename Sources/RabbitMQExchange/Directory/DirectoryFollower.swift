internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// Follows the directory's streams: reads them into the ``DirectoryReplica``, on each new connection from the last
/// offset.
///
/// A stream that was deleted and recreated is read from the beginning, together with the copy that a compaction makes,
/// and entities that neither has are announced again.
final class DirectoryFollower: Sendable {
    /// How long the first replay is followed without a caller.
    private static let catchingUp = Duration.seconds(60)

    private let fences: DirectoryFences
    private let link: BrokerLink
    private let background: BackgroundTasks
    private let replica: DirectoryReplica
    /// The consumers, since the first question. Each has a reader in the replica, which is added and removed with it.
    private let consumers = Mutex<[DirectoryStream: StandingConsumer]>([:])

    init(fences: DirectoryFences) {
        self.fences = fences
        link = fences.link
        background = fences.background
        replica = fences.replica
    }

    // MARK: The consumers

    /// Starts to follow the stream, if it is not followed yet.
    func begin() {
        let new = consumers.withLock { consumers -> StandingConsumer? in
            consumers[.main] == nil ? add(.main, to: &consumers) : nil
        }
        guard let new else { return }
        background.start {
            if await self.follow(new) { await self.catchUp() }
        }
    }

    /// Starts to follow a stream. If it fails, the waiting callers fail, and the next caller tries again.
    private func follow(_ consumer: StandingConsumer) async -> Bool {
        do {
            try await start(consumer)
            return true
        } catch {
            remove(.main, consumer)
            fences.fail(ExchangeError(error, "the directory can't be read"))
            return false
        }
    }

    /// Reads the copy too, unless it is being read.
    func followCopy() async throws(ExchangeError) {
        let new = consumers.withLock { consumers -> StandingConsumer? in
            consumers[.copy] == nil && consumers[.main] != nil ? add(.copy, to: &consumers) : nil
        }
        guard let new else { return }
        do {
            try await start(new)
        } catch {
            new.stop()
            remove(.copy, new)
            if error.code == .notFound { return }
            throw ExchangeError(error, "the copy of the directory can't be read")
        }
    }

    /// Drops the reader of a deleted copy: from now on only the stream counts.
    func dropCopy() {
        let work = consumers.withLock { consumers in
            consumers.removeValue(forKey: .copy)?.stop()
            return replica.dropCopy()
        }
        perform(work)
    }

    /// Resumes reading on a new connection at the last offset.
    func resume(on connection: Connection) async throws(AMQPError) {
        let consumers = consumers.withLock { Array($0.values) }
        guard !consumers.isEmpty else { return }
        for consumer in consumers { try await consumer.resume(on: connection) }
        background.start { await self.catchUp() }
    }

    /// Stops reading the streams, so that none is created again when it is deleted. The next reader starts over.
    func stop() {
        consumers.withLock { consumers in
            for consumer in consumers.values { consumer.stop() }
            // The consumers refer to the follower: without this it would never be freed.
            consumers = [:]
            replica.removeReaders()
        }
    }

    private func start(_ consumer: StandingConsumer) async throws(AMQPError) {
        try await link.consumer.perform(deadline: link.deadline) { (connection) throws(AMQPError) in
            try await consumer.start(on: connection)
        }
    }

    private func add(_ stream: DirectoryStream, to consumers: inout [DirectoryStream: StandingConsumer])
        -> StandingConsumer
    {
        let consumer = makeConsumer(of: stream)
        consumers[stream] = consumer
        replica.addReader(of: stream)
        return consumer
    }

    private func remove(_ stream: DirectoryStream, _ consumer: StandingConsumer) {
        consumers.withLock { consumers in
            guard consumers[stream] === consumer else { return }
            consumers[stream] = nil
            replica.removeReader(of: stream)
        }
    }

    /// Makes a consumer of a stream, from its beginning or from the last offset.
    private func makeConsumer(of stream: DirectoryStream) -> StandingConsumer {
        let queue = link.names.directory(stream)
        let tag = "warren.directory.\(link.sessionID.lowercased)"
        return StandingConsumer(
            link: link,
            background: background,
            queue: queue,
            declaration: { [replica] in
                ConsumerDeclaration(
                    queue: queue,
                    tag: tag,
                    prefetch: 1000,
                    arguments: [
                        "x-stream-offset": replica.offset(in: stream).map { .int64(Int64(clamping: $0)) } ?? "first"
                    ]
                )
            },
            repair: { [self] in await replaced(stream) },
            begins: { [self] in fences.perform(replica.begin(stream, on: $0)) },
            reason: { [replica] in replica.isStartingOver(stream) ? Self.anotherStream : $0 },
            handling: .pushed { [self] in received($0, from: stream) }
        )
    }

    /// Follows the streams until every existing record was read, even without a caller.
    private func catchUp() async {
        while !Task.isCancelled {
            do throws(ExchangeError) {
                return try await fences.wait(timeout: Self.catchingUp)
            } catch {
                guard error.code == .deadlineExceeded else { return }
            }
        }
    }

    // MARK: Records

    private static let anotherStream = AMQPError(
        code: .consumerCancelled,
        delivery: .notSent,
        message: "The stream is another one."
    )

    /// Applies many records at once: a large directory is read as fast as the broker sends it.
    private func received(_ deliveries: [Delivery], from stream: DirectoryStream) {
        guard let last = deliveries.last else { return }
        let now = Date.now.amqpTimestamp
        let records = deliveries.map { DirectoryRecord($0, now: now) }
        for record in records where record.announcement == nil {
            link.logger.warning(
                "a record of the directory was not understood",
                metadata: .init(keys: [.queue: link.names.directory, .count: "\(record.offset)"])
            )
        }
        let work = replica.take(records, from: stream, on: last.channel)
        // Acknowledged at once: the acknowledgement timeout applies to streams too, and records may be rare.
        last.channel.acknowledge(last.deliveryTag, multiple: true)
        if let count = work.milestone {
            link.logger.info("the directory is being read", metadata: .init(keys: [.count: "\(count)"]))
        }
        perform(work)
        if work.isOther { background.start { [link] in try? await last.channel.close(deadline: link.deadline) } }
    }

    private func perform(_ work: DirectoryReplica.Work) {
        fences.perform(work.fences)
        work.garbageWaiter?.set()
        if work.mustLook { background.start { await self.look() } }
        if work.mustRestore { background.start { [fences] in await RegistrationRestorer(fences: fences).run() } }
    }

    // MARK: Deleted streams

    /// Handles the end of a stream's consumer: the stream was deleted, its node went down, or it brings nothing.
    private func replaced(_ stream: DirectoryStream) async {
        switch stream {
        case .main:
            let shared = Topology.shared(link.names)
            let topology = replica.isStartingOver(.main) ? shared.boundAnew() : shared
            replica.startOver()
            do throws(ExchangeError) {
                try await topology.declareOrFind(on: link)
            } catch {
                link.logger.warning(
                    "the directory could not be made again",
                    metadata: .init(keys: [.error: "\(error)"])
                )
            }
            background.start { await self.catchUp() }
        case .copy:
            // The end of a compaction, or its node is down.
            do throws(ExchangeError) {
                if try await !link.objects.hasCopyOfDirectory() { dropCopy() }
            } catch {
                link.logger.debug("the copy can't be looked at", metadata: .init(keys: [.error: "\(error)"]))
            }
        }
    }

    /// Checks for a copy, and reads it too if it exists. The stream is already being read; without a copy it is
    /// complete.
    private func look() async {
        var isThere = false
        do throws(ExchangeError) {
            isThere = try await link.objects.hasCopyOfDirectory()
            if isThere { try await followCopy() }
        } catch let error where error.code == .forbidden {
            link.logger.warning(
                "the directory is being compacted, and this broker user may not read its copy",
                metadata: .init(keys: [.queue: link.names.directory(.copy), .error: "\(error)"])
            )
        } catch {
            // The next fence triggers another check.
            return replica.lookFailed()
        }
        perform(replica.looked(hasCopy: isThere))
    }
}
