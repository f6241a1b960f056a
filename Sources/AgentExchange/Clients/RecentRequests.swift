/// The requests that were answered last, by who asked and their tag.
///
/// Not generic, so that the modules of the exchanges, which ask for each message, get code made for just these keys.
package struct RecentRequests: Sendable {
    private var keys: RecentSet<RequestKey>

    /// Remembers the last `capacity` requests, and up to as many before them.
    package init(capacity: Int) {
        keys = RecentSet(capacity: capacity)
    }

    /// Whether it is among the remembered ones.
    package func contains(_ key: RequestKey) -> Bool { keys.contains(key) }

    /// Remembers a request. Returns whether it was new.
    @discardableResult
    package mutating func insert(_ key: RequestKey) -> Bool { keys.insert(key) }
}
