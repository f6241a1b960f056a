internal import AgentExchange
internal import Foundation

/// Who is registered, by type and by name: what the records of the directory add up to. A pure value.
///
/// Records may be applied more than once and, those of this process, before they are read back; a termination is final.
struct DirectoryIndex: Sendable {
    /// What the directory knows of a mailbox.
    enum State: Sendable, Hashable {
        case missing
        case registered(EntityID, lineage: [String])
        case terminated
    }

    private struct Entry {
        let id: EntityID
        let lineage: [String]
        var order: UInt64
    }

    /// A role and a UUID: an agent and a user with the same UUID are two entities.
    private struct Key: Hashable {
        let role: EntityRole
        let uuid: UUID
    }

    private var entries: [Key: Entry] = [:]
    private var tombstones: Set<Key> = []
    private var byType: [String: Set<UUID>] = [:]
    private var byLeaf: [String: Set<UUID>] = [:]
    private var byName: [String: Set<UUID>] = [:]
    private var localOrder: UInt64 = 1 << 63

    /// Everyone who is registered and not terminated, oldest registration first.
    var everyone: [(id: EntityID, lineage: [String])] {
        entries.values.sorted { $0.order < $1.order }.map { ($0.id, $0.lineage) }
    }

    /// Agents and users that are registered and not terminated.
    var count: Int { entries.count }

    /// What is known of a mailbox.
    func state(of id: EntityID) -> State {
        let key = Key(role: id.role, uuid: id.uuid)
        if tombstones.contains(key) { return .terminated }
        guard let entry = entries[key] else { return .missing }
        return .registered(entry.id, lineage: entry.lineage)
    }

    /// Takes a record in. `offset` is its place in the stream; `nil` for one of this process that was not read back yet.
    ///
    /// - Returns: What it changed for those who watch agents.
    @discardableResult
    mutating func apply(_ announcement: Announcement, offset: UInt64?) -> AgentChange? {
        switch announcement {
        case .registered(let id, let lineage):
            let isNew = register(id, lineage, offset)
            return isNew ? Self.registration(id, lineage).map { .registered($0) } : nil
        case .terminated(let id, _):
            guard let lineage = terminate(id) else { return nil }
            return Self.registration(id, lineage).map { .terminated($0) }
        case .finished, .fence:
            return nil
        }
    }

    private static func registration(_ id: EntityID, _ lineage: [String]) -> AgentRegistration? {
        id.agentID.map { AgentRegistration(agentID: $0, type: AgentType(lineage: lineage)) }
    }

    /// The registrations of the agents of a type, oldest first.
    func registrations(typeNamed name: String, allowSubtypes: Bool) -> [AgentRegistration] {
        agents(typeNamed: name, allowSubtypes: allowSubtypes).compactMap { agent in
            entries[Key(role: .agent, uuid: agent.uuid)].flatMap { Self.registration($0.id, $0.lineage) }
        }
    }

    /// Returns whether it was not known before.
    private mutating func register(_ id: EntityID, _ lineage: [String], _ offset: UInt64?) -> Bool {
        let key = Key(role: id.role, uuid: id.uuid)
        guard !tombstones.contains(key) else { return false }
        if var entry = entries[key] {
            if let offset { entry.order = min(entry.order, offset) }
            entries[key] = entry
            return false
        }
        localOrder += 1
        entries[key] = Entry(id: id, lineage: lineage, order: offset ?? localOrder)
        guard id.role == .agent else { return true }
        for type in lineage { byType[type, default: []].insert(id.uuid) }
        if let leaf = lineage.last { byLeaf[leaf, default: []].insert(id.uuid) }
        if let name = id.name { byName[name, default: []].insert(id.uuid) }
        return true
    }

    /// Returns the types of an agent that was registered.
    private mutating func terminate(_ id: EntityID) -> [String]? {
        let key = Key(role: id.role, uuid: id.uuid)
        tombstones.insert(key)
        guard let entry = entries.removeValue(forKey: key), id.role == .agent else { return nil }
        for type in entry.lineage { Self.remove(id.uuid, from: &byType, type) }
        if let leaf = entry.lineage.last { Self.remove(id.uuid, from: &byLeaf, leaf) }
        if let name = entry.id.name { Self.remove(id.uuid, from: &byName, name) }
        return entry.lineage
    }

    private static func remove(_ uuid: UUID, from index: inout [String: Set<UUID>], _ key: String) {
        index[key]?.remove(uuid)
        if index[key]?.isEmpty == true { index[key] = nil }
    }

    /// The agents of a type, oldest registration first.
    func agents(typeNamed name: String, allowSubtypes: Bool) -> [AgentID] {
        agents((allowSubtypes ? byType : byLeaf)[name] ?? [])
    }

    /// The agents with a display name, oldest registration first.
    func agents(named name: String) -> [AgentID] {
        agents(byName[name] ?? [])
    }

    private func agents(_ uuids: Set<UUID>) -> [AgentID] {
        uuids.compactMap { entries[Key(role: .agent, uuid: $0)] }
            .sorted { $0.order < $1.order }
            .compactMap(\.id.agentID)
    }
}
