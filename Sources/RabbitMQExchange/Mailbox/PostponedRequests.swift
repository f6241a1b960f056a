internal import AMQP
internal import AgentExchange
internal import DequeModule
internal import Foundation

/// The requests of one consumer that there was no room for: a pure value.
///
/// Each stays unacknowledged, and its body is dropped. When there is room it is given back to the broker, which hands it
/// out once more, before what it has not handed out yet. So what comes behind a postponed request is postponed too, and the
/// order is kept; what was given back is *expected*, and let in.
struct PostponedRequests: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A postponed request.
    struct Entry: Sendable {
        /// Without its body.
        let delivery: Delivery
        /// The size of the body.
        let bytes: Int
        /// `nil` when it has no valid source or tag.
        let key: RequestKey?
        let since: Instant
        fileprivate var expectedUntil: Instant?

        init(_ delivery: Delivery, key: RequestKey?, now: Instant) {
            bytes = delivery.body.count
            self.delivery = delivery.withoutBody
            self.key = key
            since = now
        }

        /// How often the broker has handed it out before, where it counts.
        var deliveryCount: Int64 { delivery.properties.headers[Header.deliveryCount]?.integerValue ?? 0 }

        fileprivate var source: String { delivery.properties.headers[Header.source]?.stringValue ?? "" }

        /// Whether its requester's deadline has passed: then the broker does not hand it out again.
        fileprivate var isExpired: Bool {
            guard let deadline = delivery.properties.headers[Header.deadline]?.integerValue else { return false }
            return Date(millisecondsSince1970: deadline) <= .now
        }
    }

    private var waiting: Deque<Entry> = []
    /// How many of each source wait.
    private var sources: [String: Int] = [:]
    private var expected: [RequestKey?: [Entry]] = [:]
    private var lastArrival = Instant.now

    /// Whether nothing waits and nothing is expected: then all that comes may be let in.
    var isEmpty: Bool { waiting.isEmpty && expected.isEmpty }

    /// The one that is given back next.
    var first: Entry? { waiting.first }

    /// Whether a request of this source waits, or is expected, so that another one must not overtake it.
    func hasRequests(from source: String) -> Bool {
        sources[source] != nil || expected.values.contains { $0.contains { $0.source == source } }
    }

    /// A request came. Returns what it was when it is one that was given back and is expected.
    mutating func arrived(_ key: RequestKey?, now: Instant = .now) -> Entry? {
        lastArrival = now
        guard var entries = expected[key], !entries.isEmpty else { return nil }
        let entry = entries.removeFirst()
        expected[key] = entries.isEmpty ? nil : entries
        return entry
    }

    /// There is no room for a request.
    mutating func postpone(_ entry: Entry) {
        waiting.append(entry)
        sources[entry.source, default: 0] += 1
    }

    /// Takes the first one out, which is given back now.
    ///
    /// - Parameter patience: How long it is expected. The broker may have dropped or answered it meanwhile.
    /// - Returns: It, and whether it is expected.
    mutating func takeFirst(patience: Duration, now: Instant = .now) -> (entry: Entry, isExpected: Bool)? {
        guard var entry = waiting.popFirst() else { return nil }
        forget(entry.source)
        guard !entry.isExpired else { return (entry, false) }
        entry.expectedUntil = now + patience
        expected[entry.key, default: []].append(entry)
        return (entry, true)
    }

    /// Takes out what was given back and has not come since then, nor anything else. Returns its bytes.
    mutating func giveUpExpecting(patience: Duration, now: Instant = .now) -> Int {
        guard !expected.isEmpty, lastArrival + patience <= now else { return 0 }
        var bytes = 0
        for (key, entries) in expected {
            let left = entries.filter { $0.expectedUntil.map { $0 > now } ?? false }
            for entry in entries where !(entry.expectedUntil.map { $0 > now } ?? false) { bytes += entry.bytes }
            expected[key] = left.isEmpty ? nil : left
        }
        return bytes
    }

    /// Takes everything out: what waits, in order, and what was given back and has not come.
    mutating func takeAll() -> (waiting: [Entry], expected: [Entry]) {
        defer { self = PostponedRequests() }
        return (Array(waiting), expected.values.flatMap(\.self))
    }

    private mutating func forget(_ source: String) {
        guard let count = sources[source] else { return }
        sources[source] = count > 1 ? count - 1 : nil
    }
}

extension RequestKey {
    /// The key of the request that a message is; `nil` when it does not say who asks, or has no valid tag.
    init?(_ properties: MessageProperties) {
        guard let source = EntityID(header: properties.headers[Header.source], name: nil),
            let tag = properties.correlationID.flatMap(UUID.init(text:))
        else { return nil }
        self.init(source: source, tag: tag)
    }
}
