internal import AgentExchange

/// A directory, and who watches it. What happens is told to those who watch in the order in which it happens.
struct WatchedDirectory<Mailbox> {
    private(set) var directory = Directory<Mailbox>()
    private var feeds: [ChangeFeed] = []

    /// Adds a mailbox that is not discovered.
    mutating func add(_ mailbox: Mailbox, of id: EntityID) {
        directory.add(mailbox, of: id)
    }

    /// Adds the mailbox of an agent.
    mutating func register(_ registration: AgentRegistration, _ mailbox: Mailbox) {
        directory.register(registration.agentID, type: registration.type, mailbox)
        tell(.registered(registration), lineage: registration.type.lineage)
    }

    /// Buries an entity. Returns its mailbox, once.
    mutating func terminate(_ id: EntityID) -> Mailbox? {
        let registration = directory.registration(of: id)
        let mailbox = directory.terminate(id)
        if let registration { tell(.terminated(registration), lineage: registration.type.lineage) }
        return mailbox
    }

    /// Puts those into the feed that are there, and from now on what changes.
    mutating func watch(_ feed: ChangeFeed, typeNamed name: String, allowSubtypes: Bool) {
        let agents = directory.agents(ofType: name, allowSubtypes: allowSubtypes)
        feed.put(.snapshot(agents.compactMap { directory.registration(of: .agent($0)) }))
        removeEnded()
        feeds.append(feed)
    }

    private mutating func tell(_ change: AgentChange, lineage: [String]) {
        if feeds.isEmpty { return }
        removeEnded()
        for feed in feeds where feed.includes(lineage: lineage) { feed.put(change) }
    }

    private mutating func removeEnded() {
        feeds.removeAll { $0.isEnded }
    }
}
