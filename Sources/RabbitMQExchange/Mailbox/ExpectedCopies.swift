internal import AgentExchange
internal import DequeModule

/// The copies of answered requests that are still to come: a pure value.
///
/// A copy may never come, because the broker gave it up. So at most ``limit`` requests are remembered; the oldest go first.
struct ExpectedCopies: Sendable {
    typealias Key = RequestKey

    /// The number of remembered requests.
    static let limit = 65_536

    private var counts: [Key: Int] = [:]
    private var order: Deque<Key> = []

    /// The number of remembered requests.
    var count: Int { counts.count }

    /// Returns whether a copy of a request is to come.
    func contains(_ key: Key) -> Bool { counts[key] != nil }

    /// Adds copies of a request.
    mutating func add(_ copies: Int, of key: Key) {
        guard copies > 0 else { return }
        if counts[key] == nil {
            order.append(key)
            if order.count > 2 * counts.count + 64 { order.removeAll { $0 != key && counts[$0] == nil } }
        }
        counts[key, default: 0] += copies
        while counts.count > Self.limit, let oldest = order.popFirst() { counts[oldest] = nil }
    }

    /// Records that a copy came. Returns `false` when none was to come.
    mutating func take(_ key: Key) -> Bool {
        guard !counts.isEmpty, let copies = counts[key] else { return false }
        counts[key] = copies > 1 ? copies - 1 : nil
        return true
    }
}
