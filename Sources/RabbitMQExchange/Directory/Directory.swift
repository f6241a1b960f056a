internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// The directory as this session sees it: an index that follows the stream of announcements, and its copy while the stream
/// is compacted.
///
/// The stream is replayed the first time that somebody asks. A fence, a record of our own that is waited for, makes an
/// answer complete: whatever was announced before it has been seen.
final class Directory: Sendable {
    struct State {
        var index: DirectoryIndex
        /// What is read, since somebody asked first. The copy only while it is there.
        var readers: [DirectoryStream: DirectoryReader] = [:]
        var fences = FenceLedger()
        /// Whether it must be found out if there is a copy: since the stream is read on this consumer, not done yet.
        var needsLook = true
        var isLooking = false
        /// Whether the stream is another one than before, so that what it lacks is to be announced again.
        var isReloading = false
        /// Whether somebody compares what was read with what is known.
        var isRestoring = false
        /// Whether what each stream says is kept apart from the index.
        var keepsContents = false
        var isCompacting = false
        /// Who watches.
        var feeds: [ChangeFeed] = []
        var lastCaller = 0
        /// Waits for too many needless records.
        var garbageWaiter: Signal<Void>?
    }

    /// The terminations that are not known to be finished.
    let unfinished = UnfinishedTerminations()

    let link: BrokerLink
    let background: BackgroundTasks
    /// Whether questions wait as long as reading makes progress, and not only as long as an operation may take.
    let isPatient: Bool
    let state: Mutex<State>

    init(link: BrokerLink, background: BackgroundTasks, isPatient: Bool = false) {
        self.link = link
        self.background = background
        self.isPatient = isPatient
        state = Mutex(State(index: DirectoryIndex(bounds: link.configuration.tombstones)))
    }

    /// The broker user who registered an entity, as far as it is known without asking the broker.
    func owner(of id: EntityID) -> String? { state.withLock { $0.index.owner(of: id) } }

    /// Publishes a record and takes it in.
    ///
    /// - Parameter time: When that happened which it says, in seconds since 1970; now when it is `nil`.
    func announce(_ announcement: Announcement, time: UInt64? = nil) async throws(ExchangeError) {
        let properties = announcement.properties(time: time)
        let publication = Publication(
            exchange: link.names.agents,
            routingKey: announcement.routingKey(by: link.wall),
            properties: properties,
            body: announcement.body,
            mandatory: true
        )
        do {
            try await link.announce(publication)
        } catch {
            throw ExchangeError(error, "can't write to the directory")
        }
        if case .fence = announcement { return }
        state.withLock { state in
            let changes = state.index.apply(
                announcement,
                isRead: false,
                time: properties.timestamp ?? 0,
                user: link.user
            )
            state.tell(changes)
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

    /// Begins to follow the stream where nobody has asked anything yet.
    func beginFollowing() {
        let reader = state.withLock { state -> DirectoryReader? in
            guard state.readers[.main] == nil else { return nil }
            let reader = makeReader(of: .main)
            state.readers[.main] = reader
            return reader
        }
        guard let reader else { return }
        background.start {
            if await self.follow(reader.consumer) { await self.catchUp() }
        }
    }

    /// Begins to follow. When that fails, whoever waits is told, and the next who asks tries again.
    private func follow(_ consumer: StandingConsumer) async -> Bool {
        do {
            try await link.consumer.perform(deadline: link.deadline) { (connection) throws(AMQPError) in
                try await consumer.start(on: connection)
            }
            return true
        } catch {
            state.withLock { if $0.readers[.main]?.consumer === consumer { $0.readers[.main] = nil } }
            fail(ExchangeError(error, "the directory can't be read"))
            return false
        }
    }

    /// Goes on reading on a new connection, where it was left.
    func resume(on connection: Connection) async throws(AMQPError) {
        let readers = state.withLock { Array($0.readers.values) }
        guard !readers.isEmpty else { return }
        for reader in readers { try await reader.consumer.resume(on: connection) }
        background.start { await self.catchUp() }
    }

    /// The session is closed: nobody is told of changes any more.
    func close() {
        let feeds = state.withLock { state in
            defer { state.feeds = [] }
            // They know the directory: without this none would ever be freed.
            for reader in state.readers.values { reader.consumer.stop() }
            state.readers = [:]
            return state.feeds
        }
        for feed in feeds { feed.end(nil) }
        fail(ExchangeError(.closed, "the session is closed"))
    }
}

extension Directory.State {
    /// Tells those who watch of changes.
    mutating func tell(_ changes: [AgentChange]) {
        guard !changes.isEmpty, !feeds.isEmpty else { return }
        feeds.removeAll { $0.isEnded }
        for change in changes {
            for feed in feeds where feed.includes(lineage: change.lineage) { feed.put(change) }
        }
    }

    /// Whether all that there is has been read at least once.
    var isCaughtUp: Bool {
        !readers.isEmpty && !needsLook && !isLooking && readers.values.allSatisfy(\.isCaughtUp)
    }

    /// Ends the wave of callers when all that they must see was read.
    mutating func complete() -> (waiters: [FenceLedger.Waiter], next: FenceLedger.Order?) {
        guard isCaughtUp else { return ([], nil) }
        return fences.complete(readers.keys)
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
