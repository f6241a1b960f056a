internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// This session's view of the directory: an index that follows the stream of announcements, and its copy while the
/// stream is compacted.
///
/// The first question replays the stream. A fence, an own record that is awaited, makes an answer complete: every
/// earlier announcement has then been read.
final class Directory: Sendable {
    struct State {
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
        /// The feeds of the watchers.
        var feeds: [ChangeFeed] = []
        var lastCaller = 0
        /// Waits for too many obsolete records.
        var garbageWaiter: Signal<Void>?
    }

    /// The terminations that are not known to be complete.
    let unfinished = UnfinishedTerminations()

    let link: BrokerLink
    let background: BackgroundTasks
    /// Whether questions wait as long as reading makes progress, rather than for the time of an operation.
    let isPatient: Bool
    let state: Mutex<State>

    init(link: BrokerLink, background: BackgroundTasks, isPatient: Bool = false) {
        self.link = link
        self.background = background
        self.isPatient = isPatient
        state = Mutex(State(index: DirectoryIndex(bounds: link.configuration.tombstones)))
    }

    /// Returns the broker user that registered an entity, as far as known without asking the broker.
    func owner(of id: EntityID) -> String? { state.withLock { $0.index.owner(of: id) } }

    /// Publishes a record and applies it.
    ///
    /// - Parameter time: The time of the event, in seconds since 1970; by default now.
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

    /// Returns the state of a mailbox as known without asking the broker.
    func known(_ id: EntityID) -> DirectoryIndex.State {
        state.withLock { $0.index.state(of: id) }
    }

    /// Returns the state of a mailbox. A known termination needs no round trip.
    func state(of id: EntityID) async throws(ExchangeError) -> DirectoryIndex.State {
        if known(id) == .terminated { return .terminated }
        try await fence()
        return known(id)
    }

    /// Returns the agents of a type.
    func agents(typeNamed name: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentID] {
        try await fence()
        return state.withLock { $0.index.agents(typeNamed: name, allowSubtypes: allowSubtypes) }
    }

    /// Returns the registrations of the agents of a type.
    func registrations(typeNamed name: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentRegistration] {
        try await fence()
        return state.withLock { $0.index.registrations(typeNamed: name, allowSubtypes: allowSubtypes) }
    }

    /// Returns all registered agents and users, oldest registration first.
    func everyone() async throws(ExchangeError) -> [(id: EntityID, lineage: [String])] {
        try await fence()
        return state.withLock { $0.index.everyone }
    }

    /// Returns the agents with a display name.
    func agents(named name: String) async throws(ExchangeError) -> [AgentID] {
        try await fence()
        return state.withLock { $0.index.agents(named: name) }
    }

    /// Starts a feed of the agents of a type.
    func watch(_ feed: ChangeFeed, typeNamed name: String, allowSubtypes: Bool) async throws(ExchangeError) {
        try await fence()
        state.withLock { state in
            feed.put(.snapshot(state.index.registrations(typeNamed: name, allowSubtypes: allowSubtypes)))
            state.feeds.append(feed)
        }
    }

    /// Starts to follow the stream, if it is not followed yet.
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

    /// Starts to follow a stream. If it fails, the waiting callers fail, and the next caller tries again.
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

    /// Resumes reading on a new connection at the last offset.
    func resume(on connection: Connection) async throws(AMQPError) {
        let readers = state.withLock { Array($0.readers.values) }
        guard !readers.isEmpty else { return }
        for reader in readers { try await reader.consumer.resume(on: connection) }
        background.start { await self.catchUp() }
    }

    /// Ends the feeds when the session closes.
    func close() {
        let feeds = state.withLock { state in
            defer { state.feeds = [] }
            // The readers refer to the directory: without this it would never be freed.
            for reader in state.readers.values { reader.consumer.stop() }
            state.readers = [:]
            return state.feeds
        }
        for feed in feeds { feed.end(nil) }
        fail(ExchangeError(.closed, "the session is closed"))
    }
}

extension Directory.State {
    /// Reports changes to the watchers.
    mutating func tell(_ changes: [AgentChange]) {
        guard !changes.isEmpty, !feeds.isEmpty else { return }
        feeds.removeAll { $0.isEnded }
        for change in changes {
            for feed in feeds where feed.includes(lineage: change.lineage) { feed.put(change) }
        }
    }

    /// Whether every existing record has been read at least once.
    var isCaughtUp: Bool {
        !readers.isEmpty && !needsLook && !isLooking && readers.values.allSatisfy(\.isCaughtUp)
    }

    /// Ends the wave of callers when all records that they must see were read.
    mutating func complete() -> (waiters: [FenceLedger.Waiter], next: FenceLedger.Order?) {
        guard isCaughtUp else { return ([], nil) }
        return fences.complete(readers.keys)
    }
}

extension AgentChange {
    /// The lineage of its agent.
    fileprivate var lineage: [String] {
        switch self {
        case .registered(let agent), .terminated(let agent): agent.type.lineage
        case .snapshot: []
        }
    }
}
