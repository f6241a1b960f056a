internal import AgentExchange
internal import Foundation

/// The registered and terminated entities, and the agents of each type: a plain value without a lock.
struct MailboxDirectory<Mailbox> {
    /// The state of an entity.
    enum Lookup {
        case active(Mailbox)
        case terminated
        case missing
    }

    private struct Agent {
        let number: Int
        let registration: AgentRegistration

        var type: AgentType { registration.type }
        var name: String? { registration.agentID.name }
    }

    private struct Entry {
        let mailbox: Mailbox
        let agent: Agent?
    }

    private var entries: [EntityID: Entry] = [:]
    private var nextNumber = 0
    /// The terminated entities, kept permanently: sixteen bytes each.
    private var terminatedAgents: Set<UUID> = []
    private var terminatedUsers: Set<UUID> = []
    private var byType: [String: RegistrationList] = [:]
    private var byLineage: [String: RegistrationList] = [:]
    private var byName: [String: RegistrationList] = [:]

    func find(_ id: EntityID) -> Lookup {
        if let entry = entries[id] { return .active(entry.mailbox) }
        return isTerminated(id) ? .terminated : .missing
    }

    /// Adds a mailbox that is not discovered.
    mutating func add(_ mailbox: Mailbox, of id: EntityID) {
        entries[id] = Entry(mailbox: mailbox, agent: nil)
    }

    /// Adds the mailbox of an agent.
    mutating func register(_ registration: AgentRegistration, _ mailbox: Mailbox) {
        let (id, type) = (registration.agentID, registration.type)
        let agent = Agent(number: nextNumber, registration: registration)
        nextNumber += 1
        entries[.agent(id)] = Entry(mailbox: mailbox, agent: agent)
        byType[type.name, default: RegistrationList()].append(id, agent.number)
        for ancestor in type.lineage {
            byLineage[ancestor, default: RegistrationList()].append(id, agent.number)
        }
        if let name = id.name { byName[name, default: RegistrationList()].append(id, agent.number) }
    }

    /// Terminates an entity. Returns its mailbox once; `nil` when the entity does not exist or was terminated before.
    mutating func terminate(_ id: EntityID) -> Mailbox? {
        guard let entry = entries.removeValue(forKey: id) else { return nil }
        switch id.role {
        case .agent: terminatedAgents.insert(id.uuid)
        case .user: terminatedUsers.insert(id.uuid)
        }
        if let agent = entry.agent {
            Self.remove(agent.number, from: &byType, agent.type.name)
            for ancestor in agent.type.lineage { Self.remove(agent.number, from: &byLineage, ancestor) }
            if let name = agent.name { Self.remove(agent.number, from: &byName, name) }
        }
        return entry.mailbox
    }

    /// Returns the registration of an active agent.
    func registration(of id: EntityID) -> AgentRegistration? {
        entries[id]?.agent?.registration
    }

    /// Returns the agents of a type, oldest registration first.
    func agents(ofType name: String, allowSubtypes: Bool) -> [AgentID] {
        (allowSubtypes ? byLineage : byType)[name]?.agents ?? []
    }

    /// Returns the agents with a display name, oldest registration first.
    func agents(named name: String) -> [AgentID] {
        byName[name]?.agents ?? []
    }

    private func isTerminated(_ id: EntityID) -> Bool {
        switch id.role {
        case .agent: terminatedAgents.contains(id.uuid)
        case .user: terminatedUsers.contains(id.uuid)
        }
    }

    private static func remove(_ number: Int, from index: inout [String: RegistrationList], _ key: String) {
        index[key]?.remove(number)
        if index[key]?.isEmpty == true { index[key] = nil }
    }
}
