internal import AgentExchange

/// The feeds of the watchers of agents.
struct DirectoryWatchers: Sendable {
    private var feeds: [ChangeFeed] = []

    mutating func add(_ feed: ChangeFeed) { feeds.append(feed) }

    /// Reports changes to the watchers. Forgets watchers that are gone.
    mutating func tell(_ changes: [AgentChange]) {
        guard !changes.isEmpty, !feeds.isEmpty else { return }
        feeds.removeAll { $0.isEnded }
        for change in changes {
            for feed in feeds where feed.includes(lineage: change.lineage) { feed.put(change) }
        }
    }

    /// Removes and returns the feeds, to be ended.
    mutating func removeAll() -> [ChangeFeed] {
        defer { feeds = [] }
        return feeds
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
