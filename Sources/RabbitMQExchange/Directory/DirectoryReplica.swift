internal import AMQP
internal import AgentExchange
internal import Primitives
internal import Synchronization

/// This session's replica of the directory: an index that follows the stream of announcements, and its copy while the
/// stream is compacted, with the callers and watchers that wait for more.
///
/// One lock guards all of it: a wave of callers ends only when every record that they must see was applied. It does no
/// input or output; an event returns the ``Work`` that follows from it.
final class DirectoryReplica: Sendable {
    /// The consequences of an event.
    struct Work {
        var fences = FenceLedger.Work()
        /// Whether the stream turned out to be another one, so that its channel is to be closed.
        var isOther = false
        /// Whether to check for a copy.
        var mustLook = false
        /// Whether to restore registrations that the streams lack.
        var mustRestore = false
        /// The progress of a replay to report, if any.
        var milestone: Int?
        /// Waits for too many obsolete records, of which there are enough now.
        var garbageWaiter: OneShot<Void>?
    }

    fileprivate struct State {
        var index: DirectoryIndex
        /// The readers, since the first question. The copy's reader exists only while the copy does.
        var readers: [DirectoryStream: DirectoryReader] = [:]
        var fences = FenceLedger()
        /// Whether to check for a copy. Not done yet since the stream's current consumer started.
        var needsLook = true
        var isLooking = false
        /// Whether the stream lacked known registrations when it was read, so that they have to be announced again.
        var lacksRegistrations = false
        /// Whether a task compares the read records with the known ones.
        var isRestoring = false
        /// Whether the contents of each stream are kept apart from the index.
        var keepsContents = false
        var isCompacting = false
        var watchers = DirectoryWatchers()
        /// Waits for too many obsolete records.
        var garbageWaiter: OneShot<Void>?
    }

    /// The number of records after which a replay reports its progress.
    private static let milestone = 100_000

    /// The terminations that are not known to be complete.
    let unfinished = UnfinishedTerminations()
    private let garbageLimit: Int
    private let state: Mutex<State>

    init(_ configuration: RabbitMQConfiguration) {
        garbageLimit = configuration.compactionThreshold
        state = Mutex(State(index: DirectoryIndex(bounds: configuration.tombstones)))
    }

    // MARK: The index

    /// Reads the index, as far as it is known.
    func read<Result: Sendable>(_ body: (DirectoryIndex) -> Result) -> Result { state.withLock { body($0.index) } }

    /// Applies a record that this session wrote.
    func apply(_ announcement: Announcement, time: UInt64, user: String?, isShared: Bool = false) {
        state.withLock { state in
            state.watchers.tell(
                state.index.apply(announcement, isRead: false, time: time, user: user, isShared: isShared)
            )
        }
        unfinished.take(announcement)
    }

    /// Removes an entity that no longer exists anywhere.
    func forget(_ id: EntityID) {
        state.withLock { state in
            if let change = state.index.forget(id) { state.watchers.tell([change]) }
        }
    }

    /// Adds a feed of the agents of a type.
    func watch(_ feed: ChangeFeed, typeNamed name: String, allowSubtypes: Bool) {
        state.withLock { state in
            feed.put(.snapshot(state.index.registrations(typeNamed: name, allowSubtypes: allowSubtypes)))
            state.watchers.add(feed)
        }
    }

    /// Ends the feeds of all watchers.
    func endFeeds() {
        for feed in state.withLock({ $0.watchers.removeAll() }) { feed.end(nil) }
    }

    // MARK: The readers

    /// Starts to read a stream from its beginning.
    func addReader(of stream: DirectoryStream) { state.withLock { $0.readers[stream] = DirectoryReader() } }

    func removeReader(of stream: DirectoryStream) { state.withLock { $0.readers[stream] = nil } }

    func removeReaders() { state.withLock { $0.readers = [:] } }

    /// Returns the offset of the last record that was read; `nil` to read from the beginning.
    func offset(in stream: DirectoryStream) -> UInt64? { state.withLock { $0.readers[stream]?.expected?.offset } }

    /// Returns whether a stream has to be read from its beginning, on another channel.
    func isStartingOver(_ stream: DirectoryStream) -> Bool {
        state.withLock { $0.readers[stream]?.isStartingOver == true }
    }

    /// The number of records ever read.
    var reads: [DirectoryStream: Int] { state.withLock { $0.readers.mapValues(\.reads) } }

    /// The number of records read until the first replay is complete; `nil` afterwards.
    var progress: Int? {
        state.withLock { $0.isCaughtUp ? nil : $0.readers.values.reduce(0) { $0 + $1.reads } }
    }

    /// Whether the first replay is in progress.
    var isCatchingUp: Bool { state.withLock { !$0.readers.isEmpty && !$0.isCaughtUp } }

    /// Starts to read a stream on a channel.
    func begin(_ stream: DirectoryStream, on channel: Channel) -> FenceLedger.Work {
        state.withLock { state in
            let wasRead = (state.readers[stream]?.reads ?? 0) > 0
            let bounds = state.index.bounds
            state.readers[stream]?.begin(on: channel, bounds: bounds)
            state.fences.unsee(stream)
            var work = FenceLedger.Work()
            guard stream == .main else { return work }
            state.needsLook = true
            // A fence published earlier may be in the stream that was read before, and nowhere else.
            if wasRead { state.fences.repeatCurrent(&work) }
            return work
        }
    }

    /// Applies records that were read from a stream.
    func take(_ records: [DirectoryRecord], from stream: DirectoryStream, on channel: Channel) -> Work {
        let work = state.withLock { state in
            var work = Work()
            // Accessed in place: a copy of the reader would copy its contents with the next record.
            guard state.readers[stream]?.isRead(on: channel) == true, state.readers[stream]?.isStartingOver == false,
                let readsBefore = state.readers[stream]?.reads, let wasCaughtUp = state.readers[stream]?.isCaughtUp
            else { return work }
            for record in records {
                guard state.readers[stream]?.accepts(record.offset, record.messageID) == true else {
                    if state.readers[stream]?.isStartingOver == true { break }
                    continue
                }
                state.apply(record, from: stream, &work)
            }
            work.isOther = state.readers[stream]?.isStartingOver == true
            if !wasCaughtUp, let reads = state.readers[stream]?.reads,
                reads / Self.milestone > readsBefore / Self.milestone
            {
                work.milestone = reads
            }
            state.settle(&work)
            if state.garbageWaiter != nil, state.isCaughtUp, state.hasGarbage(garbageLimit) {
                work.garbageWaiter = state.garbageWaiter
                state.garbageWaiter = nil
            }
            return work
        }
        for record in records { record.announcement.map(unfinished.take) }
        return work
    }

    // MARK: Deleted streams

    /// Reads the stream from its beginning, because it was deleted or its node went down.
    func startOver() {
        state.withLock { state in
            state.needsLook = true
            state.fences.unsee(.main)
            _ = state.readers[.main]?.startOver()
        }
    }

    /// Ends a check for a copy. Its reader, if it can be read, has been added.
    func looked(hasCopy: Bool) -> Work {
        state.withLock { state in
            var work = Work()
            state.isLooking = false
            state.needsLook = false
            state.settle(&work)
            // The published fence may be older than the copy.
            if hasCopy, work.fences.begun == nil { state.fences.repeatCurrent(&work.fences) }
            return work
        }
    }

    /// Ends a check for a copy that failed.
    func lookFailed() { state.withLock { $0.isLooking = false } }

    /// Removes the reader of a deleted copy.
    func dropCopy() -> Work {
        state.withLock { state in
            var work = Work()
            state.readers[.copy] = nil
            state.settle(&work)
            return work
        }
    }

    /// Returns the known entities that are in no stream.
    func missing() -> [DirectoryIndex.Entry] {
        state.withLock { state in
            let contents = state.readers.values.compactMap(\.contents)
            return state.index.missing(in: DirectoryIndex()).filter { entry in
                contents.allSatisfy { $0.state(of: entry.id) == .missing }
            }
        }
    }

    /// Ends the comparison of the streams with the known entities.
    func endRestoring() {
        state.withLock { state in
            state.isRestoring = false
            state.lacksRegistrations = false
            if !state.keepsContents { state.dropContents() }
        }
    }

    // MARK: Fences

    /// Adds a caller. Returns its number, and the fence to publish if none is on its way.
    func join(_ waiter: FenceLedger.Waiter) -> (number: Int, order: FenceLedger.Order?) {
        state.withLock { $0.fences.join(waiter) }
    }

    /// Removes a caller.
    func leave(_ number: Int) { state.withLock { $0.fences.leave(number) } }

    /// Returns another fence for the wave of `order`; `nil` when it has ended.
    func repeatFence(_ order: FenceLedger.Order) -> FenceLedger.Order? { state.withLock { $0.fences.again(order) } }

    /// Ends all waits. Returns the callers.
    func failFences() -> [FenceLedger.Waiter] { state.withLock { $0.fences.fail() } }

    /// Returns the streams that brought no record and no fence of the current wave.
    ///
    /// - Parameter before: The numbers of records that had been read a while ago.
    func standstills(since before: [DirectoryStream: Int]) -> [DirectoryStream] {
        state.withLock { $0.standstills(since: before) }
    }

    /// Restarts the streams that stand still. Returns the channels to close.
    func startOver(stuck before: [DirectoryStream: Int]) -> [Channel] {
        state.withLock { state in
            state.standstills(since: before).compactMap { state.readers[$0]?.startOver() }
        }
    }

    // MARK: Compaction

    /// The number of records in the stream, as far as it was read.
    var length: UInt64 { state.withLock { $0.readers[.main]?.length ?? 0 } }

    /// The number of obsolete records.
    var garbage: Int { state.withLock { $0.garbage } }

    /// Whether a copy of the stream is read.
    var hasCopy: Bool { state.withLock { $0.readers[.copy] != nil } }

    /// Whether the stream is worth compacting, or a compaction is unfinished.
    var isDue: Bool {
        state.withLock { $0.isCaughtUp && ($0.readers[.copy] != nil || $0.hasGarbage(garbageLimit)) }
    }

    /// Waits until the stream is worth compacting, at most for `limit`.
    func waitForGarbage(atMost limit: Duration) async {
        let signal = OneShot<Void>()
        let isDue = state.withLock { state in
            guard state.isCaughtUp, state.hasGarbage(garbageLimit) else {
                state.garbageWaiter = signal
                return false
            }
            return true
        }
        if !isDue { _ = await signal.wait(until: .now + limit) }
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

    /// Keeps the contents of each stream apart, until ``forgetContents()``.
    ///
    /// - Parameter rereads: Whether to read the stream again, because a part of it was read before.
    /// - Returns: The channel to close for that.
    func keepContents(rereads: Bool) -> Channel? {
        state.withLock { state in
            state.keepsContents = true
            guard rereads, state.readers[.main]?.contents == nil else { return nil }
            state.fences.unsee(.main)
            return state.readers[.main]?.startOver()
        }
    }

    /// Ends ``keepContents(rereads:)``.
    func forgetContents() {
        state.withLock { state in
            state.keepsContents = false
            if state.isCaughtUp, !state.lacksRegistrations { state.dropContents() }
        }
    }

    /// Returns the records that a stream lacks; `nil` when it is not being read, or was not read from its beginning.
    ///
    /// - Parameters:
    ///   - writer: The broker user that will write them.
    ///   - owners: Whether to include the owners.
    func missingRecords(in stream: DirectoryStream, writer: String?, owners: Bool) -> [TimedAnnouncement]? {
        state.withLock { state in
            guard state.isCaughtUp, let contents = state.readers[stream]?.contents else { return nil }
            return state.index.records(missingIn: contents, writer: writer, owners: owners)
        }
    }
}

extension DirectoryReplica.State {
    func standstills(since before: [DirectoryStream: Int]) -> [DirectoryStream] {
        DirectoryStream.allCases.filter { stream in
            guard let reader = readers[stream] else { return false }
            return reader.reads == before[stream] && !fences.isSeen(in: stream)
        }
    }

    /// Whether every existing record has been read at least once.
    var isCaughtUp: Bool {
        !readers.isEmpty && !needsLook && !isLooking && readers.values.allSatisfy(\.isCaughtUp)
    }

    mutating func apply(_ record: DirectoryRecord, from stream: DirectoryStream, _ work: inout DirectoryReplica.Work) {
        guard let announcement = record.announcement else { return }
        if case .fence(let id) = announcement {
            guard fences.saw(id, in: stream) else { return }
            catchUp(stream)
            if stream == .main, needsLook, !isLooking {
                isLooking = true
                work.mustLook = true
            }
            return
        }
        let (time, user, isCopy, isShared) = (record.time, record.user, record.isCopy, record.isShared)
        readers[stream]?.contents?
            .apply(announcement, time: time, user: user, isCopy: isCopy, isShared: isShared)
        if readers[stream]?.isCaughtUp == true {
            watchers.tell(
                index.apply(announcement, time: time, user: user, isCopy: isCopy, isShared: isShared)
            )
        }
    }

    /// Records that every existing record of a stream has been read.
    private mutating func catchUp(_ stream: DirectoryStream) {
        guard readers[stream]?.isCaughtUp == false else { return }
        readers[stream]?.isCaughtUp = true
        guard let contents = readers[stream]?.contents else { return }
        // The stream that had them was deleted, perhaps before this session read it for the first time.
        if stream == .main, index.hasEntries(missingIn: contents) { lacksRegistrations = true }
        watchers.tell(index.merge(contents))
    }

    /// Once everything was read, drops the contents that were kept apart, or keeps them for a comparison, and ends the
    /// wave of callers when all records that they must see were read.
    mutating func settle(_ work: inout DirectoryReplica.Work) {
        guard isCaughtUp else { return }
        if index.hasDoubts {
            watchers.tell(index.reconsider(readers.values.compactMap(\.contents)))
        }
        if lacksRegistrations {
            work.mustRestore = !isRestoring
            isRestoring = true
        } else if !keepsContents {
            dropContents()
        }
        work.fences = fences.complete(readers.keys)
    }

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
    func hasGarbage(_ limit: Int) -> Bool { garbage > max(limit, index.neededRecords / 2) }
}
