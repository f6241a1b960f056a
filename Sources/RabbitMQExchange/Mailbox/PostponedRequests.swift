internal import AMQP
internal import AgentExchange
internal import DequeModule
internal import Foundation

/// The requests of one consumer that exceed the receive window: a pure value.
///
/// Each stays unacknowledged, and its body is dropped. When there is room, the request is returned to the broker, which
/// delivers it again before any newer request. So requests behind a postponed one are postponed too, and the order is
/// kept. A returned request is *expected*, and let in when it arrives.
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

        /// The number of earlier deliveries, on brokers and queues that count them.
        var deliveryCount: Int64 { delivery.properties.headers[Header.deliveryCount]?.integerValue ?? 0 }

        fileprivate var source: String { delivery.properties.headers[Header.source]?.stringValue ?? "" }

        /// Whether its deadline has passed: the broker does not deliver it again.
        fileprivate var isExpired: Bool {
            guard let deadline = delivery.properties.headers[Header.deadline]?.integerValue else { return false }
            return Date(millisecondsSince1970: deadline) <= .now
        }
    }

    private var waiting: Deque<Entry> = []
    /// The number of waiting requests of each source.
    private var sources: [String: Int] = [:]
    private var expected: [RequestKey?: [Entry]] = [:]
    private var lastArrival = Instant.now

    /// Whether no request waits or is expected, so that any request may be let in.
    var isEmpty: Bool { waiting.isEmpty && expected.isEmpty }

    /// The request that is returned next.
    var first: Entry? { waiting.first }

    /// Returns whether a request of this source waits or is expected. Another one must not overtake it.
    func hasRequests(from source: String) -> Bool {
        sources[source] != nil || expected.values.contains { $0.contains { $0.source == source } }
    }

    /// Records the arrival of a request. Returns its entry if it was expected.
    mutating func arrived(_ key: RequestKey?, now: Instant = .now) -> Entry? {
        lastArrival = now
        guard var entries = expected[key], !entries.isEmpty else { return nil }
        let entry = entries.removeFirst()
        expected[key] = entries.isEmpty ? nil : entries
        return entry
    }

    /// Adds a request that exceeds the receive window.
    mutating func postpone(_ entry: Entry) {
        waiting.append(entry)
        sources[entry.source, default: 0] += 1
    }

    /// Removes the first waiting request, which the caller returns to the broker.
    ///
    /// - Parameter patience: The time for which it is expected. The broker may have dropped it or dead-lettered it.
    /// - Returns: The request, and whether it is expected.
    mutating func takeFirst(patience: Duration, now: Instant = .now) -> (entry: Entry, isExpected: Bool)? {
        guard var entry = waiting.popFirst() else { return nil }
        forget(entry.source)
        guard !entry.isExpired else { return (entry, false) }
        entry.expectedUntil = now + patience
        expected[entry.key, default: []].append(entry)
        return (entry, true)
    }

    /// Removes expected requests that did not arrive in time, unless others arrived recently. Returns their bytes.
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

    /// Removes all requests: the waiting ones, in order, and the expected ones.
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
    /// Reads the key of a request. Returns `nil` when the message has no valid source or tag.
    init?(_ properties: MessageProperties) {
        guard let source = EntityID(header: properties.headers[Header.source], name: nil),
            let tag = properties.correlationID.flatMap(UUID.init(text:))
        else { return nil }
        self.init(source: source, tag: tag)
    }
}
