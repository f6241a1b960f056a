internal import DequeModule
internal import Foundation

/// The keys of a session that may be used in handshakes: a pure value.
///
/// A key is good once in each direction, for ``lifetime``. At most ``limit`` keys are kept; the oldest go first.
struct Meetings: Sendable {
    typealias Instant = Meeting.Instant

    /// The time for which a key may be used.
    static let lifetime = Duration.seconds(30)
    /// The number of keys that are kept.
    static let limit = 4096

    private struct Entry: Sendable {
        let meeting: Meeting
        /// The sessions that have dialled with the key.
        var diallers: [UUID] = []
    }

    private var entries: [UUID: Entry] = [:]
    /// The names of all keys, the oldest first.
    private var order: Deque<UUID> = []

    /// The number of keys, with those that expired and were not dropped yet.
    var count: Int { entries.count }

    /// Adds a key. A name that is known keeps its key.
    mutating func add(_ meeting: Meeting, now: Instant) {
        while let oldest = order.first, order.count >= Self.limit || isOld(oldest, now) {
            order.removeFirst()
            entries[oldest] = nil
        }
        guard entries[meeting.id] == nil else { return }
        entries[meeting.id] = Entry(meeting: meeting)
        order.append(meeting.id)
    }

    /// Returns a key that `dialler` may use.
    ///
    /// - Throws: ``HandshakeError/unknownKey``, ``HandshakeError/usedKey`` or ``HandshakeError/expiredKey``.
    func find(_ id: UUID, dialledBy dialler: UUID, now: Instant) throws(HandshakeError) -> Meeting {
        guard let entry = entries[id] else { throw .unknownKey }
        guard !entry.diallers.contains(dialler) else { throw .usedKey }
        guard entry.meeting.start.duration(to: now) < Self.lifetime else { throw .expiredKey }
        return entry.meeting
    }

    /// Returns a key with which its other session may dial.
    ///
    /// - Throws: As ``find(_:dialledBy:now:)``.
    func find(_ id: UUID, now: Instant) throws(HandshakeError) -> Meeting {
        guard let entry = entries[id] else { throw .unknownKey }
        return try find(id, dialledBy: entry.meeting.peer, now: now)
    }

    /// Takes a key for a proven handshake.
    ///
    /// - Throws: As ``find(_:dialledBy:now:)``.
    mutating func use(_ id: UUID, dialledBy dialler: UUID, now: Instant) throws(HandshakeError) {
        _ = try find(id, dialledBy: dialler, now: now)
        entries[id]?.diallers.append(dialler)
    }

    private func isOld(_ id: UUID, _ now: Instant) -> Bool {
        guard let entry = entries[id] else { return true }
        return entry.meeting.start.duration(to: now) >= Self.lifetime
    }
}
