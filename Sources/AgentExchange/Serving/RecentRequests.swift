/// Recently answered requests, keyed by source and tag.
///
/// Not generic: the exchange modules look up every message, and so get code specialized for these keys.
package struct RecentRequests: Sendable {
    private var keys: RecentSet<RequestKey>

    /// Remembers the last `capacity` requests, and up to as many older ones.
    package init(capacity: Int) {
        keys = RecentSet(capacity: capacity)
    }

    /// Returns whether a request is among the remembered ones.
    package func contains(_ key: RequestKey) -> Bool { keys.contains(key) }

    /// Remembers a request. Returns whether it was new.
    @discardableResult
    package mutating func insert(_ key: RequestKey) -> Bool { keys.insert(key) }

    /// Forgets a request.
    package mutating func remove(_ key: RequestKey) { keys.remove(key) }
}
