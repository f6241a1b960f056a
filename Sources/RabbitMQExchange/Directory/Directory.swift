internal import AMQP
internal import AgentExchange

/// This session's view of the directory.
///
/// The first question replays the stream. A fence, an own record that is awaited, makes an answer complete: every
/// earlier announcement has then been read.
final class Directory: Sendable {
    let replica: DirectoryReplica
    let writer: DirectoryWriter
    let follower: DirectoryFollower
    private let fences: DirectoryFences

    /// - Parameter isPatient: Whether questions wait as long as reading makes progress, rather than for the time of an
    ///   operation.
    init(link: BrokerLink, background: BackgroundTasks, isPatient: Bool = false) {
        replica = DirectoryReplica(link.configuration)
        writer = DirectoryWriter(link: link, replica: replica)
        fences = DirectoryFences(writer: writer, background: background, isPatient: isPatient)
        follower = DirectoryFollower(fences: fences)
    }

    /// The terminations that are not known to be complete.
    var unfinished: UnfinishedTerminations { replica.unfinished }

    /// Whether the first replay is in progress.
    var isCatchingUp: Bool { replica.isCatchingUp }

    /// Publishes a record and applies it. See ``DirectoryWriter/announce(_:time:isShared:)``.
    func announce(_ announcement: Announcement, isShared: Bool = false) async throws(ExchangeError) {
        try await writer.announce(announcement, isShared: isShared)
    }

    /// Returns whether an agent is a work group, as far as known without asking the broker.
    func isShared(_ id: EntityID) -> Bool { replica.read { $0.isShared(id) } }

    // MARK: Questions

    /// Waits until every record announced before the call has been read. Concurrent callers share a fence.
    ///
    /// - Parameters:
    ///   - timeout: How long to wait; by default the time of an operation.
    ///   - isPatient: Whether to wait on, without a timeout, as long as the first replay makes progress.
    func fence(timeout: Duration? = nil, isPatient: Bool = false) async throws(ExchangeError) {
        follower.begin()
        try await fences.wait(timeout: timeout, isPatient: isPatient)
    }

    /// Returns whether an entity belongs to a broker user, as far as known without asking the broker: its UUID shows
    /// that, or the user registered it.
    func isOwner(_ user: String, of id: EntityID) -> Bool {
        id.belongs(to: user) ?? (replica.read { $0.owner(of: id) } == user)
    }

    /// Returns the state of a mailbox as known without asking the broker.
    func known(_ id: EntityID) -> DirectoryIndex.State { replica.read { $0.state(of: id) } }

    /// Returns the state of a mailbox. A known termination needs no round trip.
    func state(of id: EntityID, isPatient: Bool = false) async throws(ExchangeError) -> DirectoryIndex.State {
        if known(id) == .terminated { return .terminated }
        try await fence(isPatient: isPatient)
        return known(id)
    }

    /// Returns the agents of a type.
    func agents(
        typeNamed name: String,
        allowSubtypes: Bool,
        isPatient: Bool = false
    ) async throws(ExchangeError) -> [AgentID] {
        try await fence(isPatient: isPatient)
        return replica.read { $0.agents(typeNamed: name, allowSubtypes: allowSubtypes) }
    }

    /// Returns the registrations of the agents of a type.
    func registrations(typeNamed name: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentRegistration] {
        try await fence()
        return replica.read { $0.registrations(typeNamed: name, allowSubtypes: allowSubtypes) }
    }

    /// Returns all registered agents and users, oldest registration first.
    func everyone() async throws(ExchangeError) -> [(id: EntityID, lineage: [String])] {
        try await fence()
        return replica.read { $0.everyone }
    }

    /// Returns the agents with a display name.
    func agents(named name: String, isPatient: Bool = false) async throws(ExchangeError) -> [AgentID] {
        try await fence(isPatient: isPatient)
        return replica.read { $0.agents(named: name) }
    }

    /// Starts a feed of the agents of a type.
    func watch(_ feed: ChangeFeed, typeNamed name: String, allowSubtypes: Bool) async throws(ExchangeError) {
        try await fence()
        replica.watch(feed, typeNamed: name, allowSubtypes: allowSubtypes)
    }

    /// Stops reading, and ends the feeds and the waits, when the session closes.
    func close() {
        follower.stop()
        replica.endFeeds()
        fences.fail(ExchangeError(.closed, "the session is closed"))
    }
}
