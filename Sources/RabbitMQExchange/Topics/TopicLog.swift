internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// Follows and writes the log of subscriptions, the stream `….subscriptions`.
///
/// A session follows it from its first question, or from the first event in one of its mailboxes. On each connection it reads
/// the log from the beginning, and until a fence of its own has come back, the earlier table counts. A writer waits until it
/// has read its own record, and so learns its meaning at its place in the log.
final class TopicLog: Sendable {
    fileprivate typealias Waiter = OneShot<Result<TopicTable.Outcome, ExchangeError>>

    fileprivate struct State {
        var consumer: StandingConsumer?
        /// The channel that the log is read on.
        var channel: Channel?
        var reader = TopicLogReader()
        /// The table of the last complete reading.
        var table = TopicTable()
        /// The last record of that reading, to tell another log from the same one.
        var known: (offset: UInt64, id: UUID?)?
        var hasReadKnown = false
        /// The fence behind which a reading is complete; `nil` when it is.
        var end: UUID?
        /// Set when the reading is complete.
        var completed = OneShot<Void>()
        /// Whether a task writes that fence.
        var isCompleting = false
        var waiters: [UUID: Waiter] = [:]
        /// The results of records that were read before the reading was complete.
        var results: [(Waiter, TopicTable.Outcome)] = []
        var isClosed = false
    }

    private let link: BrokerLink
    private let background: BackgroundTasks
    private let state = Mutex(State())

    init(link: BrokerLink, background: BackgroundTasks) {
        self.link = link
        self.background = background
    }

    /// Calls a function with the table, as far as it was read.
    func read<Value>(_ body: (TopicTable) -> Value) -> Value {
        state.withLock { state in body(state.end == nil ? state.reader.table : state.table) }
    }

    /// Whether the log is followed.
    var isFollowed: Bool { state.withLock { $0.consumer != nil } }

    // MARK: Writing

    /// Waits until every record that was written before the call has been read.
    func fence() async throws(ExchangeError) {
        _ = try await write(.fence)
    }

    /// Writes a record, and waits until it was read back.
    ///
    /// - Returns: Its meaning at its place in the log.
    @discardableResult
    func write(_ change: TopicRecord.Change) async throws(ExchangeError) -> TopicTable.Outcome {
        try await follow()
        goOn()
        let record = TopicRecord(change)
        let waiter = Waiter()
        let isClosed = state.withLock { state in
            if !state.isClosed { state.waiters[record.id] = waiter }
            return state.isClosed
        }
        if isClosed { throw Self.closed }
        defer { state.withLock { $0.waiters[record.id] = nil } }
        let end = ContinuousClock.now + link.configuration.operationTimeout
        // A record is repeated when its confirm, or a whole log, was lost; the first one in the log counts.
        repeat {
            try await publish(record)
            switch await waiter.wait(until: min(end, .now + link.patience)) {
            case .success(let outcome)?: return outcome
            case .failure(let error)?: throw error
            case nil: break
            }
            if Task.isCancelled {
                throw ExchangeError(.cancelled, "the calling task was cancelled", delivery: .unknown)
            }
        } while .now < end
        let text = "the log of subscriptions was not read in time"
        throw ExchangeError(.deadlineExceeded, text, delivery: .unknown)
    }

    private static var closed: ExchangeError { ExchangeError(.closed, "the session is closed") }

    private func publish(_ record: TopicRecord) async throws(ExchangeError) {
        do {
            try await SharedPublications(link: link).announce(
                record.publication(to: link.names.subscriptions),
                restoring: .topics(link.names)
            )
        } catch {
            throw ExchangeError(error, "can't write to the log of subscriptions")
        }
    }

    // MARK: Reading

    /// Starts to follow the log.
    private func follow() async throws(ExchangeError) {
        if isFollowed { return }
        try await Topology.topics(link.names).declareOrFind(on: link)
        let consumer = makeConsumer()
        let isFirst = state.withLock { state in
            guard state.consumer == nil, !state.isClosed else { return false }
            state.consumer = consumer
            return true
        }
        guard isFirst else { return }
        do {
            try await link.consumer.perform(deadline: link.deadline) { (connection) throws(AMQPError) in
                try await consumer.start(on: connection)
            }
        } catch {
            consumer.stop()
            state.withLock { if $0.consumer === consumer { $0.consumer = nil } }
            throw ExchangeError(error, "the log of subscriptions can't be read")
        }
    }

    private func makeConsumer() -> StandingConsumer {
        let queue = link.names.subscriptions
        let tag = "warren.subscriptions.\(link.sessionID.lowercased)"
        return StandingConsumer(
            link: link,
            background: background,
            queue: queue,
            declaration: {
                ConsumerDeclaration(
                    queue: queue,
                    tag: tag,
                    prefetch: 1000,
                    arguments: ["x-stream-offset": "first"]
                )
            },
            repair: { [link] in _ = try? await Topology.topics(link.names).boundAnew().declareOrFind(on: link) },
            begins: { [self] in begin(on: $0) },
            handling: .pushed { [self] in received($0) }
        )
    }

    /// Reads the log on a new connection.
    func resume(on connection: Connection) async throws(AMQPError) {
        try await state.withLock { $0.consumer }?.resume(on: connection)
    }

    /// Stops reading, so that a log that is deleted is not made again.
    func close() {
        let (consumer, waiters) = state.withLock { state in
            defer {
                state.consumer = nil
                state.waiters = [:]
                state.results = []
                state.isClosed = true
            }
            return (state.consumer, Array(state.waiters.values) + state.results.map(\.0))
        }
        consumer?.stop()
        for waiter in waiters { waiter.set(.failure(Self.closed)) }
    }

    /// Begins another reading.
    private func begin(on channel: Channel) {
        let end = UUID.random()
        let completed = OneShot<Void>()
        state.withLock { state in
            if state.end == nil {
                state.table = state.reader.table
            }
            state.channel = channel
            state.reader = TopicLogReader()
            state.hasReadKnown = false
            state.end = end
            state.completed.set()
            state.completed = completed
            state.isCompleting = true
        }
        background.start { await self.complete(end, completed) }
    }

    /// Goes on with a reading whose fence could not be written, because the broker user lacked the right.
    private func goOn() {
        let reading: (UUID, OneShot<Void>)? = state.withLock { state in
            guard let end = state.end, !state.isCompleting else { return nil }
            state.isCompleting = true
            return (end, state.completed)
        }
        guard let (end, completed) = reading else { return }
        background.start { await self.complete(end, completed) }
    }

    /// Writes the fence that completes a reading, until it has come back.
    private func complete(_ end: UUID, _ completed: OneShot<Void>) async {
        var pause = link.pause()
        while !Task.isCancelled, completed.value == nil {
            do throws(ExchangeError) {
                try await publish(TopicRecord(.fence, id: end))
                _ = await completed.wait(until: .now + link.patience)
            } catch let error where error.code == .forbidden || error.code == .closed {
                return fail(error, end)
            } catch {
                await pause.next()
            }
        }
    }

    /// Fails those that wait for a reading. The next writer goes on with it.
    private func fail(_ error: ExchangeError, _ end: UUID) {
        let waiters = state.withLock { state in
            if state.end == end { state.isCompleting = false }
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.set(.failure(error)) }
    }

    fileprivate struct Work {
        var results: [(Waiter, TopicTable.Outcome)] = []
        var restored: [TopicRecord.Change] = []
        var snapshot: [TopicSnapshot] = []
        var unread = 0
        var isDamaged = false
    }

    private func received(_ deliveries: [Delivery]) {
        guard let last = deliveries.last else { return }
        let records = deliveries.map { delivery in
            (
                offset: delivery.properties.headers["x-stream-offset"]?.integerValue.flatMap(UInt64.init(exactly:))
                    ?? 0,
                record: TopicRecord(delivery)
            )
        }
        let work = state.withLock { state in
            var work = Work()
            guard state.isRead(on: last.channel) else { return work }
            for (offset, record) in records { state.take(record, offset, &work) }
            return work
        }
        last.channel.acknowledge(last.deliveryTag, multiple: true)
        for (waiter, outcome) in work.results { waiter.set(.success(outcome)) }
        if work.unread > 0 {
            link.logger.warning(
                "records of the log of subscriptions were not understood",
                metadata: .init(keys: [.queue: link.names.subscriptions, .count: "\(work.unread)"])
            )
        }
        if !work.restored.isEmpty { background.start { await self.restore(work.restored) } }
        if !work.snapshot.isEmpty { background.start { await self.write(work.snapshot) } }
    }

    /// Writes the entries that another log lacks: the one that had them was deleted. Other sessions do so too, and the first
    /// one in the log counts.
    private func restore(_ changes: [TopicRecord.Change]) async {
        link.logger.warning(
            "the log of subscriptions had lost entries; they are written again",
            metadata: .init(keys: [.count: "\(changes.count)"])
        )
        do throws(ExchangeError) {
            for change in changes { try await publish(TopicRecord(change)) }
        } catch {
            link.logger.warning("entries could not be written again", metadata: .init(keys: [.error: "\(error)"]))
        }
    }

    private func write(_ snapshot: [TopicSnapshot]) async {
        do throws(ExchangeError) {
            for part in snapshot { try await publish(TopicRecord(.snapshot(part))) }
        } catch {
            // Another session writes the next one.
            link.logger.debug("a snapshot was not written", metadata: .init(keys: [.error: "\(error)"]))
        }
    }
}

extension TopicLog.State {
    fileprivate func isRead(on other: Channel) -> Bool {
        channel.map { $0.connection === other.connection && $0.number == other.number } == true
    }

    fileprivate mutating func take(_ record: TopicRecord?, _ offset: UInt64, _ work: inout TopicLog.Work) {
        if record == nil { work.unread += 1 }
        if let known, known.offset == offset { hasReadKnown = known.id == record?.id }
        let isOwn = record.map { waiters[$0.id] != nil } ?? false
        for (id, outcome) in reader.take(record, offset: offset, end: end) {
            if let waiter = waiters.removeValue(forKey: id) { results.append((waiter, outcome)) }
        }
        if let end, record?.id == end { finish(&work) }
        guard end == nil else { return }
        known = (offset, record?.id)
        work.results += results
        results = []
        if isOwn, reader.isSnapshotDue, let last = reader.last {
            work.snapshot = reader.table.snapshot(through: last)
        }
    }

    /// Every earlier record was read.
    private mutating func finish(_ work: inout TopicLog.Work) {
        end = nil
        completed.set()
        defer { table = TopicTable() }
        guard let known, !hasReadKnown, reader.first ?? 0 <= known.offset else { return }
        work.restored = table.changes(missingIn: reader.table)
        reader.merge(table)
    }
}
