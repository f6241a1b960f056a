internal import AgentExchange
internal import DequeModule
internal import Foundation

/// The registered entities, by type and by name: the result of the directory's records. A pure value.
///
/// Records may be applied more than once and, if they are from this process, before they are read back. A termination
/// is final as long as it is remembered.
struct DirectoryIndex: Sendable {
    /// The state of a mailbox in the directory.
    enum State: Sendable, Hashable {
        case missing
        case registered(EntityID, lineage: [String])
        case terminated
    }

    /// The limits for remembering terminated mailboxes. A mailbox whose queue may still exist is never forgotten.
    struct Bounds: Sendable, Hashable {
        /// The number of mailboxes.
        var count = 10_000
        /// The age in seconds.
        var age: UInt64 = 86_400

        /// The minimum time, in seconds, for which a termination is remembered: the first registration record, still on
        /// its way, must not revive the mailbox. Copies of that record, which come at any time, need no such limit: see
        /// ``DirectoryIndex/hasForgotten``.
        static let youth: UInt64 = 120
    }

    /// The broker user that an entity belongs to.
    struct Owner: Sendable, Hashable {
        /// The name; `nil` when unknown. It never contradicts the UUID of the entity.
        private(set) var user: String?
        /// Whether a compaction record names the owner, which outranks the `user_id` of a registration.
        private(set) var isVouched = false

        /// The owner is unknown.
        init() {}

        /// - Parameter user: The broker user that a record names, or that wrote it.
        init(of id: EntityID, user: String?, isVouched: Bool = false) {
            guard let user, id.belongs(to: user) != false else { return }
            self.user = user
            self.isVouched = isVouched
        }
    }

    struct Entry: Sendable {
        let id: EntityID
        let lineage: [String]
        var order: UInt64
        /// The time of its registration, in seconds since 1970.
        let time: UInt64
        var owner: Owner
        /// Whether the agent is a work group.
        var isShared = false

        /// Returns whether the entity belongs to a broker user: its UUID shows that, or the user registered it.
        func belongs(to user: String?) -> Bool { user.flatMap(id.belongs(to:)) ?? (owner.user == user) }
    }

    struct Tombstone: Sendable {
        let id: EntityID
        var lineage: [String]
        var time: UInt64
        let owner: Owner
        var isShared = false
        var isFinished = false
    }

    /// A role and a UUID: an agent and a user with the same UUID are two entities.
    struct Key: Hashable, Sendable {
        let role: EntityRole
        let uuid: UUID

        init(_ id: EntityID) {
            role = id.role
            uuid = id.uuid
        }
    }

    private(set) var entries: [Key: Entry] = [:]
    private(set) var tombstones: [Key: Tombstone] = [:]
    /// The tombstones of mailboxes whose queue is deleted, in the order of the reports.
    private var finished: Deque<Key> = []
    private var byType: [String: Set<UUID>] = [:]
    private var byLeaf: [String: Set<UUID>] = [:]
    private var byName: [String: Set<UUID>] = [:]
    private var localOrder: UInt64 = 1 << 63
    private var readOrder: UInt64 = 0
    /// The latest time of a record, in seconds since 1970.
    private var clock: UInt64 = 0
    let bounds: Bounds

    /// Whether the index contains one stream, read from its beginning. Such an index forgets no termination, only the rest
    /// of a tombstone: in a stream, the copy of a registration may come long after the termination.
    let isTranscript: Bool
    /// The tombstones out of bounds of a transcript.
    private var forgotten: Set<Key> = []
    /// Whether an entity that is not known may have been terminated and forgotten. A copy of its registration does not
    /// count then: all records from before the copy have been read.
    private var hasForgotten = false
    /// The entities whose registration was ignored for this reason.
    private var doubted: Set<Key> = []

    init(bounds: Bounds = Bounds(), isTranscript: Bool = false) {
        self.bounds = bounds
        self.isTranscript = isTranscript
    }

    /// All registered and not terminated entities, oldest registration first.
    var everyone: [(id: EntityID, lineage: [String])] {
        entries.values.sorted { $0.order < $1.order }.map { ($0.id, $0.lineage) }
    }

    /// The number of registered and not terminated entities.
    var count: Int { entries.count }

    /// The number of remembered terminations whose queue is deleted.
    var finishedCount: Int { finished.count }

    /// Returns the state of a mailbox.
    func state(of id: EntityID) -> State {
        let key = Key(id)
        if tombstones[key] != nil { return .terminated }
        guard let entry = entries[key] else { return .missing }
        return .registered(entry.id, lineage: entry.lineage)
    }

    /// Returns the name of the broker user that an entity belongs to, or `nil` when unknown. The first registration
    /// counts: a second one does not change the owner. The name of another than the UUID shows does not count.
    func owner(of id: EntityID) -> String? {
        let key = Key(id)
        return (entries[key]?.owner ?? tombstones[key]?.owner)?.user
    }

    /// Returns whether an agent is, or was, a work group. One of its records may have come from an older version, which
    /// leaves that out: one that says so is enough.
    func isShared(_ id: EntityID) -> Bool {
        let key = Key(id)
        return entries[key]?.isShared ?? tombstones[key]?.isShared ?? false
    }

    /// Applies a record.
    ///
    /// - Parameters:
    ///   - isRead: Whether it was read from a stream. Otherwise this process wrote it and has not read it back yet.
    ///   - time: The time when it was written, in seconds since 1970.
    ///   - user: The broker user that wrote it.
    ///   - isCopy: Whether a compaction wrote it.
    ///   - isShared: Whether its agent is a work group.
    /// - Returns: The change for watchers of agents.
    @discardableResult
    mutating func apply(
        _ announcement: Announcement,
        isRead: Bool = true,
        time: UInt64 = 0,
        user: String? = nil,
        isCopy: Bool = false,
        isShared: Bool = false
    ) -> [AgentChange] {
        clock = max(clock, time)
        defer { prune() }
        switch announcement {
        case .registered(let id, let lineage):
            if isCopy, hasForgotten, entries[Key(id)] == nil {
                doubted.insert(Key(id))
                return []
            }
            return register(id, lineage, isRead, time, Owner(of: id, user: user), isShared)
        case .terminated(let id, let lineage):
            return terminate(id, lineage, time, isShared)
        case .finished(let id):
            finish(Key(id))
            return []
        case .gone(let ids):
            return ids.flatMap { id in
                let changes = terminate(id, [], time)
                finish(Key(id))
                return changes
            }
        case .owned(let user, let ids):
            for id in ids where id.belongs(to: user) != false {
                entries[Key(id)]?.owner = Owner(of: id, user: user, isVouched: true)
            }
            return []
        case .fence:
            return []
        }
    }

    /// Merges a transcript.
    ///
    /// - Returns: The changes for watchers of agents.
    mutating func merge(_ other: DirectoryIndex) -> [AgentChange] {
        clock = max(clock, other.clock)
        var changes: [AgentChange] = []
        for tombstone in other.tombstones.values where !tombstone.isFinished {
            changes += terminate(tombstone.id, tombstone.lineage, tombstone.time, tombstone.isShared)
        }
        for key in other.finished {
            guard let tombstone = other.tombstones[key] else { continue }
            changes += terminate(tombstone.id, tombstone.lineage, tombstone.time)
            finish(key)
        }
        for key in other.forgotten {
            hasForgotten = true
            if let entry = remove(key), let agent = Self.registration(entry) { changes.append(.terminated(agent)) }
        }
        for entry in other.entries.values.sorted(by: { $0.order < $1.order }) {
            changes += register(entry.id, entry.lineage, true, entry.time, entry.owner, entry.isShared)
        }
        prune()
        return changes
    }

    /// Whether copies of registrations were ignored.
    var hasDoubts: Bool { !doubted.isEmpty }

    /// Adds the entities of ignored copies that a transcript lists too: their earlier records had not been read.
    ///
    /// - Returns: The changes for watchers of agents.
    mutating func reconsider(_ transcripts: [DirectoryIndex]) -> [AgentChange] {
        defer { doubted = [] }
        return doubted.flatMap { key -> [AgentChange] in
            guard !transcripts.contains(where: { $0.isTerminated(key) }),
                let entry = transcripts.lazy.compactMap({ $0.entries[key] }).first
            else { return [] }
            return register(entry.id, entry.lineage, true, entry.time, entry.owner, entry.isShared)
        }
    }

    /// Whether a mailbox is known to be terminated, or was before that was forgotten.
    func isTerminated(_ key: Key) -> Bool { tombstones[key] != nil || forgotten.contains(key) }

    /// Whether nothing is left of a terminated mailbox.
    func isFinished(_ key: Key) -> Bool { tombstones[key]?.isFinished ?? forgotten.contains(key) }

    /// Removes an entity that no longer exists anywhere, without remembering it.
    mutating func forget(_ id: EntityID) -> AgentChange? {
        remove(Key(id)).flatMap { Self.registration($0).map { .terminated($0) } }
    }

    private static func registration(_ entry: Entry) -> AgentRegistration? {
        entry.id.agentID.map { agent in
            AgentRegistration(
                agentID: agent,
                type: AgentType(lineage: entry.lineage),
                sharing: entry.isShared ? .group : .exclusive
            )
        }
    }

    /// Returns the registrations of the agents of a type, oldest first.
    func registrations(typeNamed name: String, allowSubtypes: Bool) -> [AgentRegistration] {
        found((allowSubtypes ? byType : byLeaf)[name] ?? []).compactMap(Self.registration)
    }

    private mutating func register(
        _ id: EntityID,
        _ lineage: [String],
        _ isRead: Bool,
        _ time: UInt64,
        _ owner: Owner,
        _ isShared: Bool
    ) -> [AgentChange] {
        let key = Key(id)
        guard !isTerminated(key) else { return [] }
        if isRead { readOrder += 1 } else { localOrder += 1 }
        let order = isRead ? readOrder : localOrder
        if let known = entries[key] {
            if order < known.order { entries[key]?.order = order }
            if owner.isVouched { entries[key]?.owner = owner }
            if isShared { entries[key]?.isShared = true }
            return []
        }
        let entry = Entry(id: id, lineage: lineage, order: order, time: time, owner: owner, isShared: isShared)
        entries[key] = entry
        guard id.role == .agent else { return [] }
        for type in lineage { byType[type, default: []].insert(id.uuid) }
        if let leaf = lineage.last { byLeaf[leaf, default: []].insert(id.uuid) }
        if let name = id.name { byName[name, default: []].insert(id.uuid) }
        return Self.registration(entry).map { [.registered($0)] } ?? []
    }

    private mutating func terminate(
        _ id: EntityID,
        _ lineage: [String],
        _ time: UInt64,
        _ isShared: Bool = false
    ) -> [AgentChange] {
        let key = Key(id)
        let entry = remove(key)
        if !isTerminated(key) {
            let types = lineage.isEmpty ? entry?.lineage ?? [] : lineage
            let owner = entry?.owner ?? Owner()
            tombstones[key] = Tombstone(
                id: entry?.id ?? id,
                lineage: types,
                time: time,
                owner: owner,
                isShared: isShared || entry?.isShared == true
            )
        } else if isShared {
            tombstones[key]?.isShared = true
        }
        return entry.flatMap(Self.registration).map { [.terminated($0)] } ?? []
    }

    private mutating func finish(_ key: Key) {
        guard let tombstone = tombstones[key], !tombstone.isFinished else { return }
        tombstones[key]?.isFinished = true
        tombstones[key]?.lineage = []
        finished.append(key)
    }

    private mutating func remove(_ key: Key) -> Entry? {
        guard let entry = entries.removeValue(forKey: key) else { return nil }
        guard key.role == .agent else { return entry }
        for type in entry.lineage { Self.remove(key.uuid, from: &byType, type) }
        if let leaf = entry.lineage.last { Self.remove(key.uuid, from: &byLeaf, leaf) }
        if let name = entry.id.name { Self.remove(key.uuid, from: &byName, name) }
        return entry
    }

    private static func remove(_ uuid: UUID, from index: inout [String: Set<UUID>], _ key: String) {
        index[key]?.remove(uuid)
        if index[key]?.isEmpty == true { index[key] = nil }
    }

    /// Forgets terminated mailboxes beyond the limits.
    private mutating func prune() {
        while let key = finished.first, let tombstone = tombstones[key] {
            let age = clock > tombstone.time ? clock - tombstone.time : 0
            guard age > bounds.age || (finished.count > bounds.count && age > Bounds.youth) else { return }
            finished.removeFirst()
            tombstones[key] = nil
            if isTranscript { forgotten.insert(key) } else { hasForgotten = true }
        }
    }

    /// Returns the agents of a type, oldest registration first.
    func agents(typeNamed name: String, allowSubtypes: Bool) -> [AgentID] {
        found((allowSubtypes ? byType : byLeaf)[name] ?? []).compactMap(\.id.agentID)
    }

    /// Returns the agents with a display name, oldest registration first.
    func agents(named name: String) -> [AgentID] {
        found(byName[name] ?? []).compactMap(\.id.agentID)
    }

    private func found(_ uuids: Set<UUID>) -> [Entry] {
        uuids.compactMap { entries[Key(.agent(AgentID(uuid: $0)))] }.sorted { $0.order < $1.order }
    }
}
