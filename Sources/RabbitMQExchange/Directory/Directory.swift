internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// The directory as this session sees it: an index that follows the stream of announcements.
///
/// The stream is replayed the first time that somebody asks. A fence, a record of our own that is waited for, makes an
/// answer complete: whatever was announced before it has been seen.
final class Directory: Sendable {
    typealias FenceSignal = Signal<Result<Void, ExchangeError>>

    struct State {
        var index = DirectoryIndex()
        /// Follows the stream, since somebody asked first.
        var follower: StandingConsumer?
        /// The offset to go on at after the stream was lost.
        var nextOffset: UInt64?
        /// The fence that was published, and who waits for it.
        var fence: (id: UUID, waiters: [FenceSignal])?
        /// Who came after that, and needs another.
        var late: [FenceSignal] = []
        /// Where it is read.
        var channel: Channel?
        /// Whether it is to be read from the beginning, and what comes on that channel does not count any more.
        var isStartingOver = false
        /// Who was read since the stream was found to be another one; `nil` when it is not looked at that way.
        var found: Set<EntityID>?
        /// Who watches.
        var feeds: [ChangeFeed] = []

        /// Which broker users registered whom; kept only where senders must be known.
        var owners: OwnerIndex?

        mutating func note(_ announcement: Announcement, user: String?) {
            guard case .registered(let id, _) = announcement else { return }
            owners?.note(id, user: user)
            found?.insert(id)
        }

        /// Takes a record in and tells those who watch.
        mutating func apply(_ announcement: Announcement, offset: UInt64?) {
            guard let change = index.apply(announcement, offset: offset) else { return }
            feeds.removeAll { $0.isEnded }
            for feed in feeds where feed.includes(lineage: change.lineage) { feed.put(change) }
        }
    }

    /// The terminations that are not known to be finished.
    let unfinished = UnfinishedTerminations()

    let link: BrokerLink
    let background: BackgroundTasks
    let state: Mutex<State>

    init(link: BrokerLink, background: BackgroundTasks) {
        self.link = link
        self.background = background
        state = Mutex(State(owners: link.configuration.requiresUserID ? OwnerIndex() : nil))
    }

    /// The broker user who registered an entity, as far as it is known without asking the broker.
    func owner(of id: EntityID) -> String? { state.withLock { $0.owners?.owner(of: id) } }

    /// Publishes a record and takes it in.
    func announce(_ announcement: Announcement) async throws(ExchangeError) {
        let publication = Publication(
            exchange: link.names.agents,
            routingKey: announcement.routingKey(by: link.wall),
            properties: announcement.properties,
            body: Data(),
            mandatory: true
        )
        do {
            try await link.announce(publication)
        } catch {
            throw ExchangeError(error, "can't write to the directory")
        }
        state.withLock { state in
            state.note(announcement, user: link.user)
            state.apply(announcement, offset: nil)
        }
        unfinished.take(announcement)
    }

    /// What this session knows already, without asking the broker.
    func known(_ id: EntityID) -> DirectoryIndex.State {
        state.withLock { $0.index.state(of: id) }
    }

    /// What the directory knows of a mailbox. A termination that is known already needs no round trip.
    func state(of id: EntityID) async throws(ExchangeError) -> DirectoryIndex.State {
        if known(id) == .terminated { return .terminated }
        try await fence()
        return known(id)
    }

    /// The agents of a type.
    func agents(typeNamed name: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentID] {
        try await fence()
        return state.withLock { $0.index.agents(typeNamed: name, allowSubtypes: allowSubtypes) }
    }

    /// The registrations of the agents of a type.
    func registrations(typeNamed name: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentRegistration] {
        try await fence()
        return state.withLock { $0.index.registrations(typeNamed: name, allowSubtypes: allowSubtypes) }
    }

    /// Everyone who is registered, agents and users, oldest registration first.
    func everyone() async throws(ExchangeError) -> [(id: EntityID, lineage: [String])] {
        try await fence()
        return state.withLock { $0.index.everyone }
    }

    /// The agents with a display name.
    func agents(named name: String) async throws(ExchangeError) -> [AgentID] {
        try await fence()
        return state.withLock { $0.index.agents(named: name) }
    }

    /// Begins to watch the agents of a type.
    func watch(_ feed: ChangeFeed, typeNamed name: String, allowSubtypes: Bool) async throws(ExchangeError) {
        try await fence()
        state.withLock { state in
            feed.put(.snapshot(state.index.registrations(typeNamed: name, allowSubtypes: allowSubtypes)))
            state.feeds.append(feed)
        }
    }

    /// Waits until everything that was announced before now has been seen. Callers at the same time share a fence.
    func fence(timeout: Duration? = nil) async throws(ExchangeError) {
        let signal = FenceSignal()
        beginFollowing()
        let publish: UUID? = state.withLock { state in
            guard state.fence != nil else {
                let id = UUID()
                state.fence = (id, [signal])
                return id
            }
            state.late.append(signal)
            return nil
        }
        if let publish { background.start { await self.publishFence(publish) } }
        switch await signal.wait(until: .now + (timeout ?? link.configuration.operationTimeout)) {
        case .success?: return
        case .failure(let error)?: throw error
        case nil:
            if Task.isCancelled { throw ExchangeError(.cancelled, "the calling task was cancelled") }
            throw ExchangeError(.deadlineExceeded, "the directory could not be read in time")
        }
    }

    /// Begins to follow the stream where nobody has asked anything yet.
    func beginFollowing() {
        let new = state.withLock { state -> StandingConsumer? in
            guard state.follower == nil else { return nil }
            let follower = makeFollower()
            state.follower = follower
            return follower
        }
        if let new { background.start { await self.follow(new) } }
    }

    private func publishFence(_ id: UUID) async {
        do {
            try await announce(.fence(id))
        } catch {
            fail(error)
        }
    }

    /// Ends every wait with an error.
    private func fail(_ error: ExchangeError) {
        let waiters = state.withLock { state in
            let waiters = (state.fence?.waiters ?? []) + state.late
            state.fence = nil
            state.late = []
            return waiters
        }
        for waiter in waiters { waiter.send(.failure(error)) }
    }

    /// Reads the stream from its beginning, or from where it was left.
    private func makeFollower() -> StandingConsumer {
        let queue = link.names.directory
        let tag = "warren.directory.\(link.sessionID.lowercased)"
        return StandingConsumer(
            link: link,
            background: background,
            queue: queue,
            declaration: { [self] in
                let offset = state.withLock { $0.nextOffset }
                return ConsumerDeclaration(
                    queue: queue,
                    tag: tag,
                    prefetch: 1000,
                    arguments: ["x-stream-offset": offset.map { .int64(Int64($0)) } ?? "first"]
                )
            },
            repair: { [self] in await replaced() },
            handling: .pushed(self)
        )
    }

    /// Begins to follow. When that fails, whoever waits is told, and the next who asks tries again.
    private func follow(_ follower: StandingConsumer) async {
        do {
            try await link.consumer.perform(deadline: link.deadline) { (connection) throws(AMQPError) in
                try await follower.start(on: connection)
            }
        } catch {
            state.withLock { if $0.follower === follower { $0.follower = nil } }
            fail(ExchangeError(error, "the directory can't be read"))
        }
    }

    /// Goes on reading on a new connection, where it was left.
    func resume(on connection: Connection) async throws(AMQPError) {
        guard let follower = state.withLock({ $0.follower }) else { return }
        try await follower.resume(on: connection)
        background.start { await self.check() }
    }

    /// The session is closed: nobody is told of changes any more.
    func close() {
        let feeds = state.withLock { state in
            defer { state.feeds = [] }
            // It knows the directory: without this neither would ever be freed.
            state.follower = nil
            state.channel = nil
            return state.feeds
        }
        for feed in feeds { feed.end(nil) }
        fail(ExchangeError(.closed, "the session is closed"))
    }
}

// MARK: - Reading

extension Directory: StandingSink {
    func begins(on channel: Channel) {
        state.withLock { state in
            state.channel = channel
            state.isStartingOver = false
        }
    }

    /// Takes many records in at once: a large directory is read as fast as the broker sends it.
    func received(_ deliveries: [Delivery]) {
        guard let last = deliveries.last else { return }
        let records = deliveries.map { delivery in
            Record(announcement: read(delivery), offset: Self.offset(of: delivery), user: delivery.properties.userID)
        }
        let (waiters, next, isOther): ([FenceSignal], UUID?, Bool) = state.withLock { state in
            if state.isStartingOver { return ([], nil, false) }
            var waiters: [FenceSignal] = []
            var next: UUID?
            for record in records {
                if state.isOfAnotherStream(record.offset) {
                    state.isStartingOver = true
                    break
                }
                if let new = state.take(record, &waiters) { next = new }
            }
            return (waiters, next, state.isStartingOver)
        }
        for record in records { record.announcement.map(unfinished.take) }
        // At once: the acknowledgement timeout counts for streams too, and records may be rare.
        last.channel.acknowledge(last.deliveryTag, multiple: true)
        for waiter in waiters { waiter.send(.success(())) }
        if let next { background.start { await self.publishFence(next) } }
        if isOther { background.start { [self] in try? await last.channel.close(deadline: link.deadline) } }
    }

    func ended(_ error: AMQPError?) -> AMQPError? {
        state.withLock { $0.isStartingOver } ? Self.anotherStream : error
    }

    private func read(_ delivery: Delivery) -> Announcement? {
        if let announcement = Announcement(delivery.properties),
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

    /// A record as it was read.
    fileprivate struct Record {
        /// What it says; `nil` when that was not understood.
        let announcement: Announcement?
        let offset: UInt64?
        /// The broker user who wrote it, where that is known.
        let user: String?
    }
}

extension Directory.State {
    /// Takes a record in. Returns the fence that is to be published next, and adds whose wait is over.
    fileprivate mutating func take(_ record: Directory.Record, _ waiters: inout [Directory.FenceSignal]) -> UUID? {
        guard let announcement = record.announcement else { return nil }
        note(announcement, user: record.user)
        apply(announcement, offset: record.offset)
        if let offset = record.offset { nextOffset = offset + 1 }
        guard case .fence(let id) = announcement, let fence, fence.id == id else { return nil }
        waiters += fence.waiters
        if late.isEmpty {
            self.fence = nil
            return nil
        }
        let next = UUID()
        self.fence = (next, late)
        late = []
        return next
    }
}

extension AgentChange {
    /// The types of the agent that it is about.
    fileprivate var lineage: [String] {
        switch self {
        case .registered(let agent), .terminated(let agent): agent.type.lineage
        case .snapshot: []
        }
    }
}
