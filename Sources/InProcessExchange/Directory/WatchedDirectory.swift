internal import AgentExchange

/// A directory with its watchers. It reports changes to them in the order in which they happen.
struct WatchedDirectory<Mailbox> {
    private(set) var directory = MailboxDirectory<Mailbox>()
    private var feeds: [ChangeFeed] = []

    /// Adds a mailbox that is not discovered.
    mutating func add(_ mailbox: Mailbox, of id: EntityID) {
        directory.add(mailbox, of: id)
    }

    /// Adds the mailbox of an agent.
    mutating func register(_ registration: AgentRegistration, _ mailbox: Mailbox) {
        directory.register(registration, mailbox)
        tell(.registered(registration), lineage: registration.type.lineage)
    }

    /// Terminates an entity. Returns its mailbox once.
    mutating func terminate(_ id: EntityID) -> Mailbox? {
        let registration = directory.registration(of: id)
        let mailbox = directory.terminate(id)
        if let registration { tell(.terminated(registration), lineage: registration.type.lineage) }
        return mailbox
    }

    /// Adds the existing agents to the feed, and from now on every change.
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
