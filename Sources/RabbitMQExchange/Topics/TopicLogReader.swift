internal import AgentExchange
internal import Foundation

/// Reads the log of subscriptions from its first record that the broker still has. A pure value.
///
/// The broker drops the oldest records of a long log. Then the reader begins with the first snapshot of which it has all later
/// records.
struct TopicLogReader: Sendable {
    /// A snapshot is due when this many records follow the last one, or as many as it has entries.
    static let interval = 2000

    /// The number of records between two sessions' turns to write a snapshot that is due.
    static let turn = 250

    private(set) var table: TopicTable
    private let limit: Int
    /// The offsets of the first and the last record that were read.
    private(set) var first: UInt64?
    private(set) var last: UInt64?
    private var through: UInt64?
    private var isReady = false
    /// The records before the first usable snapshot.
    private var pending: [(offset: UInt64, record: TopicRecord)] = []
    private var parts: [UUID: [TopicSnapshot]] = [:]
    private var order: [UUID] = []

    init(limit: Int = TopicTable.maximumSubscriptions) {
        self.limit = limit
        table = TopicTable(limit: limit)
    }

    /// The number of records that no complete snapshot includes.
    var length: UInt64 { last.map { $0 - min($0, through ?? first ?? 0) } ?? 0 }

    /// Whether the author of the last record is to write a snapshot.
    var isSnapshotDue: Bool {
        let due = UInt64(max(Self.interval, table.count))
        return isReady && length >= due && (length - due) % UInt64(Self.turn) == 0
    }

    /// Reads a record.
    ///
    /// - Parameters:
    ///   - record: The record; `nil` when it can't be read.
    ///   - end: The fence behind which no earlier record may be unread: a log without a snapshot by then counts as it is.
    /// - Returns: The records that take effect, with their results.
    mutating func take(_ record: TopicRecord?, offset: UInt64, end: UUID?) -> [(id: UUID, outcome: TopicTable.Outcome)]
    {
        if let last, offset <= last { return [] }
        last = offset
        if first == nil {
            first = offset
            isReady = offset == 0
        }
        guard let record else { return [] }
        if case .snapshot(let part) = record.change { return take(part) }
        guard isReady else {
            pending.append((offset, record))
            return record.id == end ? begin(with: table, after: nil) : []
        }
        return [(record.id, table.apply(record.change))]
    }

    private mutating func take(_ part: TopicSnapshot) -> [(id: UUID, outcome: TopicTable.Outcome)] {
        guard part.parts > 0, part.parts <= 1000, (0..<part.parts).contains(part.part), part.through <= last ?? 0 else {
            return []
        }
        if parts[part.snapshot] == nil {
            order.append(part.snapshot)
            // Of a session that ended in the middle of one.
            if order.count > 8 { parts[order.removeFirst()] = nil }
        }
        parts[part.snapshot, default: []].append(part)
        guard let all = parts[part.snapshot], Set(all.map(\.part)).count == part.parts else { return [] }
        parts[part.snapshot] = nil
        order.removeAll { $0 == part.snapshot }
        through = max(through ?? 0, part.through)
        guard !isReady, let first, part.through &+ 1 >= first else { return [] }
        return begin(with: TopicTable(all.sorted { $0.part < $1.part }, limit: limit), after: part.through)
    }

    private mutating func begin(
        with table: TopicTable,
        after offset: UInt64?
    ) -> [(id: UUID, outcome: TopicTable.Outcome)] {
        isReady = true
        self.table = table
        defer { pending = [] }
        return pending.map { entry in
            // A record in the snapshot has no effect any more; its author is not waiting here.
            if let offset, entry.offset <= offset { return (entry.record.id, .none) }
            return (entry.record.id, self.table.apply(entry.record.change))
        }
    }

    /// Adds the entries of another table that this one lacks.
    mutating func merge(_ other: TopicTable) {
        for change in other.changes(missingIn: table) { _ = table.apply(change) }
    }
}
